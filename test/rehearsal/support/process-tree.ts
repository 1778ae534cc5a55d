import { readdirSync, readFileSync } from "node:fs";

/** A process and everything that it has started, however deep. */
export function processTree(root: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync("/proc")) {
    const parent = /^\d+$/u.test(entry) ? parentOf(entry) : undefined;
    if (parent !== undefined) parents.set(Number(entry), parent);
  }
  const tree = [root];
  // Each one that is found brings its own children.
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child);
  return tree;
}

/** Ends a process and everything that it has started. */
export function endTree(root: number): void {
  for (const pid of processTree(root)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}
