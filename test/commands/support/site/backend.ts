import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { type BuiltState, gzipped, type StateBuilder } from "../../../support/state/build-state";

/** Where a backend's objects lie. */
export interface TestBackend {
  readonly url: string;
  /** Variables with which the command line reaches it. */
  readonly variables: Readonly<Record<string, string>>;
  /** @param time when it was written, where the backend can be told. */
  put(key: string, body: string | Buffer, time?: Date): void;
  remove(key: string): void;
  /** Digests of everything that is in it now, by key. */
  picture(): Map<string, string>;
}

/** A folder, with go-cloud's side files. */
export class FolderBackend implements TestBackend {
  readonly variables = {};

  constructor(readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  get url(): string {
    return `file://${this.folder}`;
  }

  put(key: string, body: string | Buffer, time?: Date): void {
    const path = join(this.folder, key);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, body);
    const md5 = createHash("md5").update(body).digest("base64");
    const text = { "user.cache_control": "", "user.content_type": "text/plain; charset=utf-8", "user.metadata": null };
    writeFileSync(`${path}.attrs`, `${JSON.stringify({ ...text, md5 })}\n`);
    if (time !== undefined) utimesSync(path, time, time);
  }

  remove(key: string): void {
    rmSync(join(this.folder, key), { force: true });
    rmSync(join(this.folder, `${key}.attrs`), { force: true });
  }

  picture(): Map<string, string> {
    const entries = readdirSync(this.folder, { recursive: true, withFileTypes: true });
    return new Map(
      entries
        .filter((entry) => entry.isFile() && !entry.name.endsWith(".attrs"))
        .map((entry) => join(entry.parentPath, entry.name))
        .sort()
        .map((path) => [relative(this.folder, path), digestOf(readFileSync(path))]),
    );
  }
}

export function digestOf(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** One update of the stack, as it lies in the backend. */
export interface Update {
  readonly checkpoint: Buffer;
  /** Key of the checkpoint in the history. */
  readonly key: string;
  readonly entryKey: string;
}

export interface UpdateOptions {
  readonly message?: string;
  readonly result?: string;
  /** Whether the backend packs what it holds. */
  readonly packed?: boolean;
}

/** Writes what Pulumi writes for an update that ended: the checkpoint, its copies and its history entry. */
export function putUpdate(
  backend: TestBackend,
  builder: StateBuilder,
  state: BuiltState,
  { message = "", result = "succeeded", packed = false }: UpdateOptions = {},
): Update {
  const { project, stack } = builder;
  const text = builder.checkpoint(state);
  const checkpoint = packed ? gzipped(text) : Buffer.from(text);
  const suffix = packed ? ".json.gz" : ".json";
  const entry = builder.entry(message, result);
  const time = builder.next();
  const nanos = `${String(time.getTime())}123456`;
  const stem = `.pulumi/history/${project}/${stack}/${stack}-${nanos}`;
  backend.put(`.pulumi/stacks/${project}/${stack}${suffix}`, checkpoint, time);
  backend.put(`${stem}.history${suffix}`, packed ? gzipped(entry) : entry, time);
  backend.put(`${stem}.checkpoint${suffix}`, checkpoint, time);
  backend.put(`.pulumi/backups/${project}/${stack}/${stack}.${nanos}${suffix}`, checkpoint, time);
  return { checkpoint, key: `${stem}.checkpoint${suffix}`, entryKey: `${stem}.history${suffix}` };
}
