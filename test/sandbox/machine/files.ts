import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { lstat, lutimes, readdir, rm, rmdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, run } from "./child-process";

export { hasCode };

/** Removes a tree, also one with folders in which its owner may not write (a template may have them). */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (failure) {
    if (!hasCode(failure, "EACCES") && !hasCode(failure, "EPERM")) throw failure;
    await run("chmod", ["-R", "u+rwX", path]);
    await rm(path, { recursive: true, force: true });
  }
}

/** Removes a folder if nothing is in it and nothing is mounted on it. */
export async function removeIfEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (failure) {
    if (!["ENOTEMPTY", "ENOENT", "EEXIST", "EBUSY"].some((code) => hasCode(failure, code))) throw failure;
  }
}

/** Bytes on disk below a path, each hard-linked file once. */
export async function usedBytes(path: string): Promise<number> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return 0;
  if (!found.isDirectory()) return found.blocks * 512;
  const names = await readdir(path).catch(() => []);
  const sizes = await Promise.all(names.map((name) => usedBytes(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Whether anything is there; a link counts as what it leads to. */
export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** SHA-256 of a file, in hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** When something was changed, in unix microseconds: what Node can set. */
export function timeOf({ mtimeMs }: { mtimeMs: number }): number {
  return Math.round(mtimeMs * 1000);
}

/** Says when something was changed. */
export async function setTime(path: string, time: number, isLink = false): Promise<void> {
  // Node cuts off what is less than a microsecond, also where only the binary fraction is less.
  const seconds = (time + 0.4) / 1e6;
  await (isLink ? lutimes : utimes)(path, seconds, seconds);
}
