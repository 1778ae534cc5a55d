import { lstatSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { plainText } from "../../proxmox/api/plain-text";
import { codeOf } from "../../proxmox/api/trust";
import { formatBytes } from "../terminal/durations";
import { runProgramFile } from "./run-program";
import { Damaged } from "./unpack";

/** Bytes that a tar file may have unpacked: ten thousand states of a large site. */
const largestFolder = 16 * 1024 ** 3;

/** Milliseconds between two looks at what was unpacked. */
const pause = 100;

/** Bytes that a file or a folder takes at least. */
const block = 4096;

/**
 * Unpacks a tar file into an empty folder. One that grows larger than it may is broken off, and nothing but files and folders may be in
 * it: a link leads out of the folder, and who reads a pipe or a device waits without end.
 *
 * @throws Damaged, ProgramMissing
 */
export async function unpackTar(file: string, folder: string, limit = largestFolder): Promise<void> {
  const tooLarge = new Damaged(`it is larger than ${formatBytes(limit)} unpacked, and copies of states are not`);
  const stop = new AbortController();
  const look = (): void => {
    try {
      if (isLarger(folder, limit)) stop.abort(tooLarge);
    } catch (error) {
      stop.abort(new Damaged(`what is in it cannot be looked at (${codeOf(error)})`));
    }
  };
  const timer = setInterval(look, pause);
  try {
    const argv = ["-xf", file, "-C", folder];
    const { code, stderr } = await runProgramFile("tar", argv, { timeout: 600_000, signal: stop.signal });
    if (code !== 0) throw new Damaged(plainText(stderr));
    look();
    stop.signal.throwIfAborted();
    const odd = oddEntry(folder);
    if (odd !== undefined) throw new Damaged(`${plainText(odd)} in it is neither a file nor a folder`);
  } finally {
    clearInterval(timer);
  }
}

/** Path of what is no file and no folder. */
function oddEntry(folder: string): string | undefined {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const odd = entries.find((entry) => !entry.isFile() && !entry.isDirectory());
  return odd && relative(folder, join(odd.parentPath, odd.name));
}

/** Looks no further than it has to. */
function isLarger(folder: string, limit: number): boolean {
  const open = [folder];
  let size = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const entry of readdirSync(next, { withFileTypes: true })) {
      const path = join(next, entry.name);
      if (entry.isDirectory()) open.push(path);
      size += Math.max(block, lstatSync(path, { throwIfNoEntry: false })?.size ?? 0);
      if (size > limit) return true;
    }
  }
  return false;
}
