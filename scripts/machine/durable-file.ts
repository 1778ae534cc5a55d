import { randomUUID } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { getSystemErrorMap } from "node:util";
import { hasCode } from "./error-code";
import { checkPrivateFolder } from "./private-folder";

/** A file or folder of Lifeboat's own that the system does not let it write or read: a full disk, a missing right. */
export class FileRefused extends Error {
  override readonly name = "FileRefused";

  constructor(
    readonly path: string,
    /** The system's words: `no space left on device`. */
    reason: string,
    aim: "written" | "read" = "written",
  ) {
    super(`${path} cannot be ${aim}: ${reason}`);
  }
}

/** A folder that only its owner can enter, made where there is none. @throws FileRefused, UnsafePath */
export function makePrivateFolder(folder: string): void {
  explained(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  checkPrivateFolder(folder);
}

/**
 * Replaces a file so that whoever reads it, now or after a power cut, finds the old text or the new one, never a part.
 * Synchronous on purpose: nothing else may happen between a step and its record.
 *
 * @param mode who may read it. Default: only its owner.
 * @throws FileRefused when the system cannot write it: the old text is then still there.
 */
export function writeDurably(path: string, text: string | Uint8Array, mode = 0o600): void {
  explained(path, () => write(path, text, mode));
}

function write(path: string, text: string | Uint8Array, mode: number): void {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    fill(temporary, text, mode);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/** Makes the file: what lies there already, a link too, is refused. */
function fill(path: string, text: string | Uint8Array, mode: number): void {
  const file = openSync(path, "wx", 0o600);
  try {
    if (mode !== 0o600) fchmodSync(file, mode);
    // Unlike one write, which may end half-way on a disk that is nearly full.
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Names in a folder of Lifeboat's own; none where there is no folder. @throws FileRefused where nobody can say */
export function fileNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw refusedBySystem(folder, error, "read");
  }
}

/** What the system refuses is somebody's full disk or missing right, and no defect. */
function explained(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw refusedBySystem(path, error, "written");
  }
}

function refusedBySystem(path: string, error: unknown, aim: "written" | "read"): unknown {
  if (!(error instanceof Error) || !("errno" in error) || typeof error.errno !== "number") return error;
  return new FileRefused(path, getSystemErrorMap().get(error.errno)?.[1] ?? error.message, aim);
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
