import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as z from "zod";
import { problemsOf, text } from "./command-inputs";
import { checkConnection, connectionSchema } from "./connection";
import { RunError, type Call, type Problem, type ResourceKind } from "./resource";
import { DialError, SshMachine } from "./ssh";
import { changedNames, readSource, reveal, unknownValue, type Properties, type Source } from "./values";

const schema = z.strictObject({
  connection: connectionSchema,
  remotePath: text,
  source: z.unknown(),
  triggers: z.union([z.array(z.unknown()), z.literal(unknownValue)]).optional(),
});

/** command:remote:CopyToRemote: a file, a folder or a text on another machine. Deleting it leaves the copy there. */
export class CopyToRemote implements ResourceKind {
  readonly outputs = [];
  readonly replacing = ["triggers"];

  idPrefix(): string {
    return "";
  }

  check(inputs: Properties): { inputs: Properties; problems: readonly Problem[] } {
    const { connection, rest, problems } = checkConnection(reveal(inputs["connection"]));
    return {
      inputs: { ...inputs, connection },
      problems: [
        ...problems,
        ...problemsOfSource(inputs["source"]),
        ...problemsOf(schema, { ...inputs, connection: rest }),
      ],
    };
  }

  async create(inputs: Properties, call: Call): Promise<Properties> {
    const { connection, remotePath = "", source } = schema.parse(reveal(inputs));
    const copied = readSource(source);
    if (!copied) {
      throw new RunError("source must be an asset or an archive");
    }
    await withFile(copied, (file, isText) => copy(new SshMachine(connection), file, remotePath, isText, call));
    return {};
  }

  update(inputs: Properties, state: Properties, call: Call): Promise<Properties> {
    const changed = changedNames(state, inputs);
    const isNeeded = changed.includes("source") || changed.includes("remotePath");
    return isNeeded ? this.create(inputs, call) : Promise.resolve({});
  }

  async delete(): Promise<void> {}
}

function problemsOfSource(value: unknown): Problem[] {
  const revealed = reveal(value);
  if (revealed === unknownValue) {
    return [];
  }
  const source = readSource(revealed);
  if (!source) {
    return [{ property: "source", reason: "either asset or archive must be set" }];
  }
  const isPossible = source.path !== undefined || (source.kind === "asset" && source.text !== undefined);
  return isPossible
    ? []
    : [{ property: "source", reason: "it must be a FileAsset, a StringAsset or a FileArchive with a path here" }];
}

/** A text goes through a file that only this user can read. */
async function withFile(source: Source, action: (file: string, isText: boolean) => Promise<void>): Promise<void> {
  if (source.path !== undefined) {
    return action(source.path, false);
  }
  const folder = mkdtempSync(path.join(tmpdir(), "lifeboat-copy-"));
  try {
    const file = path.join(folder, "text");
    writeFileSync(file, source.text ?? "", { mode: 0o600 });
    await action(file, true);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Copies as the official provider does:
 *
 *     source | the target is a folder | there is no target | the target is a file
 *     dir    | target/dir             | target/dir         | error
 *     dir/   | target/x for x in dir  | target/x           | error
 *     file   | target/file            | target             | target, overwritten
 */
async function copy(machine: SshMachine, file: string, target: string, isText: boolean, call: Call): Promise<void> {
  const isFolder = await machine.transfer([`cd ${quote(target)}`], call).then(
    () => true,
    (error: unknown) => isRefused(error),
  );
  if (isText && isFolder) {
    throw new RunError(`remote path ${target} is a directory; a text asset needs the path of a file`);
  }
  await withEmptyFile((empty) =>
    machine.transfer(
      statSync(file).isDirectory() ? copyFolder(file, target, empty) : copyFile(file, target, isFolder, empty),
      call,
    ),
  );
}

/**
 * sftp gives a new file the mode of the one here. The official provider leaves the mode to the server, and a file that is
 * there keeps its own: an empty file that all may read goes first, and the content into it.
 */
async function withEmptyFile<T>(action: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), "lifeboat-copy-"));
  try {
    const file = path.join(folder, "empty");
    writeFileSync(file, "");
    chmodSync(file, 0o666);
    return await action(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether sftp could connect and did not do what it was told; anything else is a real failure. */
function isRefused(error: unknown): false {
  if (error instanceof RunError && !(error instanceof DialError)) {
    return false;
  }
  throw error;
}

function copyFile(file: string, target: string, isFolder: boolean, empty: string): string[] {
  const destination = isFolder ? path.posix.join(target, path.basename(file)) : target;
  return [...makeFolders(path.posix.dirname(destination)), ...put(file, destination, empty)];
}

function put(file: string, destination: string, empty: string): string[] {
  return [empty, file].map((source) => `put ${quote(source)} ${quote(destination)}`);
}

function copyFolder(folder: string, target: string, empty: string): string[] {
  const destination = folder.endsWith("/") ? target : path.posix.join(target, path.basename(folder));
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return [
    ...makeFolders(destination),
    // A file where the folder should be is an error here, and not where its first file is put.
    `cd ${quote(destination)}`,
    ...entries.flatMap((entry) => {
      const [local, remote] = [path.join(folder, entry), path.posix.join(destination, entry)];
      return statSync(local).isDirectory() ? [`-mkdir ${quote(remote)}`] : put(local, remote, empty);
    }),
  ];
}

function makeFolders(folder: string): string[] {
  const parent = path.posix.dirname(folder);
  return folder === "/" || folder === "." ? [] : [...makeFolders(parent), `-mkdir ${quote(folder)}`];
}

/** sftp splits its commands like a shell. Patterns are not expanded in quotes. */
function quote(name: string): string {
  if (name.includes("\n")) {
    throw new RunError(`a name with a line break cannot be copied: ${JSON.stringify(name)}`);
  }
  return `"${name.replaceAll(/[\\"]/g, String.raw`\$&`)}"`;
}
