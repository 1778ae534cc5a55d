import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import type { Log, Mount, PackRequest, UnpackRequest } from "./driver";
import { ENOUGH, entriesOf, type Entry, putEntries } from "./small-trees";

/**
 * What tar and its compressor made of the same small files before. Tests pack and unpack a folder with three files in it a
 * thousand times, and each time would start four programs. Whatever is larger, holds more than folders, files and links, or is
 * slowed down goes to the programs each time, and so does whatever fails.
 */

const KEPT = 500;

/** A map that forgets all when it is full. */
class Remembered<Value> {
  readonly #values = new Map<string, Value>();

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    if (this.#values.size >= KEPT) this.#values.clear();
    this.#values.set(key, value);
  }
}

interface Packed {
  archive: Buffer;
  tarBytes: number;
  lines: readonly string[];
}

interface Unpacked {
  entries: readonly Entry[];
  lines: readonly string[];
}

const packs = new Remembered<Packed>();
const unpacks = new Remembered<Unpacked>();

/** Writes the archive that `pack` would write. */
export async function packOnce(
  request: PackRequest,
  log: Log,
  pack: (log: Log) => Promise<{ tarBytes: number }>,
): Promise<{ tarBytes: number }> {
  const key = await packKey(request);
  if (key === undefined) return pack(log);
  const known = packs.get(key);
  if (known !== undefined) {
    await mkdir(request.temporary, { recursive: true });
    await writeFile(request.destination, known.archive);
    for (const line of known.lines) log(line);
    return { tarBytes: known.tarBytes };
  }
  const lines: string[] = [];
  const { tarBytes } = await pack(noting(lines, log));
  const archive = await smallFile(request.destination);
  if (archive !== undefined) packs.set(key, { archive, tarBytes, lines });
  return { tarBytes };
}

/** Makes of an empty root what `unpack` makes of it, which leaves the other mounts' files in the root. */
export async function unpackOnce(request: UnpackRequest, log: Log, unpack: (log: Log) => Promise<void>): Promise<void> {
  const root = request.mounts.find(({ target }) => target === "/")?.volume.path ?? "";
  const key = await unpackKey(request, root);
  if (key === undefined) return unpack(log);
  const known = unpacks.get(key);
  if (known !== undefined) {
    await putEntries(root, known.entries);
    for (const line of known.lines) log(line);
    return;
  }
  const lines: string[] = [];
  await unpack(noting(lines, log));
  const entries = await entriesOf(root);
  if (entries !== undefined) unpacks.set(key, { entries, lines });
}

function noting(lines: string[], log: Log): Log {
  return (line) => {
    lines.push(line);
    log(line);
  };
}

async function packKey(request: PackRequest): Promise<string | undefined> {
  if (request.bytesPerSecond !== undefined || request.signal?.aborted === true) return undefined;
  const { configuration, firewall, exclude, compression, threads } = request;
  const trees = await Promise.all(request.mounts.map(fingerprint));
  if (trees.includes(undefined)) return undefined;
  return digest(JSON.stringify([configuration, firewall, exclude, compression, threads, trees]));
}

async function fingerprint({ target, volume }: Mount): Promise<string | undefined> {
  const entries = await entriesOf(volume.path);
  const told = entries?.map(({ content, ...entry }) => ({
    ...entry,
    content: content && digest(content),
    // tar leaves folders that it finds as they are, and vzdump puts files of its own into a tree: those are made anew with
    // each restore, and would make another archive of the same container each time.
    time: content === undefined || entry.path.startsWith("etc/vzdump/") ? 0 : entry.time,
  }));
  return told && JSON.stringify([target, told]);
}

async function unpackKey(request: UnpackRequest, root: string): Promise<string | undefined> {
  if (request.bytesPerSecond !== undefined || request.signal?.aborted === true) return undefined;
  if ((await readdir(root).catch(() => [root])).length > 0) return undefined;
  const content = await contentKey(request.archive);
  // The root itself keeps what tar does not change.
  const { mode, uid, gid } = await lstat(root);
  const targets = request.mounts.map(({ target }) => target);
  return content && digest(JSON.stringify([content, request.exclude, targets, mode, uid, gid]));
}

/** The same for files with the same bytes and the same end of the name, by which tar chooses a decompressor. */
export async function contentKey(archive: string): Promise<string | undefined> {
  const content = await smallFile(archive);
  const [extension = ""] = /(?:\.[a-z]{2,3}){0,2}$/u.exec(archive) ?? [];
  return content && `${extension} ${digest(content)}`;
}

async function smallFile(path: string): Promise<Buffer | undefined> {
  const { size } = await stat(path);
  return size > ENOUGH ? undefined : readFile(path);
}

function digest(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}
