import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import type { ScratchTree } from "./scratch-tree";

/** How a program ended; `hung` when it had to be ended. */
export interface Ended {
  readonly code: number | null;
  readonly hung: boolean;
  /** Both streams. */
  readonly output: string;
}

/**
 * Runs a program of Node in a tree. When it has ended nothing runs there any more: emulators, for one, have groups of their
 * own and outlive a run of tests that was killed.
 *
 * @param seconds after which it is ended.
 */
export function runIn(tree: ScratchTree, argv: readonly string[], seconds: number): Promise<Ended> {
  const env = { ...process.env, TMPDIR: tree.temporary };
  const child = spawn(process.execPath, argv, {
    cwd: tree.folder,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => output.push(chunk));
  return new Promise((resolve, reject) => {
    let hung = false;
    const timer = setTimeout(() => {
      hung = true;
      killAllOf(tree);
    }, seconds * 1_000);
    child.once("error", reject);
    child.once("exit", () => killAllOf(tree));
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ code, hung, output: Buffer.concat(output).toString() });
    });
  });
}

/** Ends every process whose command line, or environment, names the tree. */
export function killAllOf({ base }: ScratchTree): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/u.test(name))) {
    if (Number(pid) === process.pid || !names(pid, base)) continue;
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

function names(pid: string, base: string): boolean {
  return ["cmdline", "environ"].some((file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, "utf8").includes(base);
    } catch {
      return false;
    }
  });
}
