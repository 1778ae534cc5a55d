import { randomUUID } from "node:crypto";
import { constants, statSync } from "node:fs";
import { link, mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { setImmediate } from "node:timers/promises";
import { getSystemErrorMap } from "node:util";
import * as z from "zod";
import { codeOf } from "../../../proxmox/api/trust";
import { messageOf } from "../../machine/error-code";
import { attributesSuffix, escapeKey, pathOfKey, unescapeKey } from "./folder-names";
import {
  ConditionFailed,
  NoSuchObject,
  type ObjectStore,
  type StoredObject,
  StoreError,
  UnreadableObject,
  type WriteCondition,
} from "./object-store";
import { md5Of } from "./written-md5";

export interface FolderStoreOptions {
  /** Write the `.attrs` file that go-cloud keeps beside every object (`metadata=skip` in the URL: no). Default true. */
  readonly attributes?: boolean;
}

/** Files that are looked at in one go: synchronously, which is ten times as quick for thousands of them. */
const looksAtOnce = 1_000;

/**
 * A folder with the layout of Pulumi's `file://` backend. It keeps no versions. A condition is looked at just before the
 * write: a folder has no way to do both at once, so callers also hold Pulumi's lock.
 */
export class FolderStore implements ObjectStore {
  readonly place: string;
  private readonly attributes: boolean;

  constructor(
    private readonly folder: string,
    { attributes = true }: FolderStoreOptions = {},
  ) {
    this.place = folder;
    this.attributes = attributes;
  }

  async list(prefix: string): Promise<StoredObject[]> {
    return this.explained(async () => {
      const found: StoredObject[] = [];
      const names = await filesBelow(
        join(this.folder, escapeKey(prefix.slice(0, Math.max(0, prefix.lastIndexOf("/"))))),
      );
      const keyed = names
        .map((path) => ({ path, key: unescapeKey(relative(this.folder, path)) }))
        .filter(({ key }) => key.startsWith(prefix));
      for (let first = 0; first < keyed.length; first += looksAtOnce) {
        found.push(...keyed.slice(first, first + looksAtOnce).flatMap(({ path, key }) => look(path, key) ?? []));
        // Progress is shown meanwhile.
        await setImmediate();
      }
      return found.sort((a, b) => (a.key < b.key ? -1 : 1));
    });
  }

  async read(key: string): Promise<Buffer> {
    return this.explained(async () => {
      try {
        return await readFile(this.path(key));
      } catch (error) {
        if (codeOf(error) === "ENOENT" || codeOf(error) === "EISDIR") throw new NoSuchObject(this.place, key);
        if (codeOf(error) === "" || !(await canList(dirname(this.path(key))))) throw error;
        throw new UnreadableObject(this.place, key, systemText(error), error);
      }
    });
  }

  /** Nobody can set the time at which the system has changed a file; a new one of the same moment has another number. */
  async mark(key: string): Promise<string> {
    return this.explained(async () => {
      const found = statSync(this.path(key), { bigint: true, throwIfNoEntry: false });
      if (found === undefined) throw new NoSuchObject(this.place, key);
      return `${found.ino.toString(16)}-${found.ctimeNs.toString(16)}-${found.size.toString(16)}`;
    });
  }

  async notedMd5(key: string): Promise<string | undefined> {
    return this.explained(async () => {
      try {
        return md5In(await readFile(this.path(key) + attributesSuffix, "utf8"));
      } catch (error) {
        if (codeOf(error) === "ENOENT") return undefined;
        throw error;
      }
    });
  }

  async write(key: string, body: Uint8Array, condition?: WriteCondition): Promise<void> {
    const path = this.path(key);
    await this.explained(async () => {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const draft = `${path}.${randomUUID()}.draft`;
      try {
        await writeWhole(draft, body);
        await this.commit(draft, path, key, condition);
        if (this.attributes) await writeAttributes(path, body);
      } finally {
        await rm(draft, { force: true });
      }
    });
  }

  async remove(key: string): Promise<void> {
    const path = this.path(key);
    await this.explained(async () => {
      await rm(path, { force: true });
      await rm(path + attributesSuffix, { force: true });
    });
  }

  private async commit(draft: string, path: string, key: string, condition: WriteCondition | undefined): Promise<void> {
    if (condition === undefined) return replace(draft, path);
    if ("ifMatch" in condition) {
      if (look(path, key)?.etag !== condition.ifMatch) throw new ConditionFailed(this.place, key);
      return replace(draft, path);
    }
    try {
      // Unlike a rename, a link never replaces what is there.
      await link(draft, path);
    } catch (error) {
      throw codeOf(error) === "EEXIST" ? new ConditionFailed(this.place, key) : error;
    }
  }

  private path(key: string): string {
    const path = pathOfKey(this.folder, key);
    if (path === undefined) throw new StoreError("failed", this.place, `no file can hold the key '${key}'`);
    return path;
  }

  private async explained<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      const code = codeOf(error);
      if (error instanceof StoreError || code === "") throw error;
      const kind = code === "EACCES" || code === "EPERM" || code === "EROFS" ? "denied" : "failed";
      throw new StoreError(kind, this.place, systemText(error), error);
    }
  }
}

/** Whether it is one file that cannot be read, and not the folder. */
async function canList(folder: string): Promise<boolean> {
  return readdir(folder).then(
    () => true,
    () => false,
  );
}

/** Every file below a folder but go-cloud's side files; none of a folder that is not there, or no more. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return [];
    throw error;
  });
  const own = entries.filter((entry) => entry.isFile() && !entry.name.endsWith(attributesSuffix));
  const below = await Promise.all(
    // One by one, and not `recursive`: a lock's folder that goes meanwhile would take everything else along.
    entries.filter((entry) => entry.isDirectory()).map(({ name }) => filesBelow(join(folder, name))),
  );
  return [...own.map(({ name }) => join(folder, name)), ...below.flat()];
}

/** Undefined for a file that is gone by now. The etag is go-cloud's: time in nanoseconds and size. */
function look(path: string, key: string): StoredObject | undefined {
  try {
    const { size, mtimeNs } = statSync(path, { bigint: true });
    const etag = `"${mtimeNs.toString(16)}-${size.toString(16)}"`;
    return { key, size: Number(size), modified: Number(mtimeNs / 1_000n) / 1_000, etag };
  } catch (error) {
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

async function writeWhole(path: string, body: Uint8Array): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await file.writeFile(body);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What is noted of the old content goes first: beside the new one it would say that somebody has altered it. */
async function replace(draft: string, path: string): Promise<void> {
  await rm(path + attributesSuffix, { force: true });
  await rename(draft, path);
}

const attributesSchema = z.object({ md5: z.string().min(1) });

function md5In(text: string): string | undefined {
  try {
    return attributesSchema.parse(JSON.parse(text)).md5;
  } catch {
    return undefined;
  }
}

/** As `fileblob` writes them, so that the checksum of the old content does not stay beside the new. */
async function writeAttributes(path: string, body: Uint8Array): Promise<void> {
  const attributes = {
    "user.cache_control": "",
    "user.content_disposition": "",
    "user.content_encoding": "",
    "user.content_language": "",
    "user.content_type": "text/plain; charset=utf-8",
    "user.metadata": null,
    md5: md5Of(body),
  };
  await writeFile(path + attributesSuffix, `${JSON.stringify(attributes)}\n`, { mode: 0o600 });
}

function systemText(error: unknown): string {
  // Looked at by its members: errors of Node itself are of another realm where code runs in a context of its own.
  const number = typeof error === "object" && error !== null && "errno" in error ? error.errno : undefined;
  const known = typeof number === "number" ? getSystemErrorMap().get(number)?.[1] : undefined;
  return known ?? messageOf(error);
}
