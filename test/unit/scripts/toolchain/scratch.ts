import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Screen } from "../../../../scripts/toolchain/progress";

const folders: string[] = [];

/** A folder that is deleted by `removeScratchFolders`. */
export function scratchFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "lifeboat-toolchain-"));
  folders.push(folder);
  return folder;
}

export function removeScratchFolders(): void {
  folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true }));
}

export function writeScript(file: string, text: string): void {
  writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
}

/** A screen that remembers what was written. */
export class MemoryScreen implements Screen {
  text = "";
  milliseconds = 0;

  constructor(readonly isTerminal = false) {}

  write(text: string): void {
    this.text += text;
  }

  now(): number {
    return this.milliseconds;
  }
}
