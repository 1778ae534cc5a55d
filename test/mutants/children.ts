import { type ChildProcess, spawn } from "node:child_process";

/** How a program ended; `hung` when it had to be ended. */
export interface Ended {
  readonly code: number | null;
  readonly hung: boolean;
  /** Both streams. */
  readonly output: string;
}

/** Programs that run, each as the leader of a process group, so that nothing of it outlives this process. */
export class Children {
  private readonly running = new Set<ChildProcess>();

  /** @param seconds after which it is ended. */
  run(program: string, argv: readonly string[], cwd: string, seconds: number): Promise<Ended> {
    const child = spawn(program, argv, { cwd, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    this.running.add(child);
    const output: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => output.push(chunk));
    return new Promise((resolve, reject) => {
      let hung = false;
      const timer = setTimeout(() => {
        hung = true;
        killGroup(child);
      }, seconds * 1_000);
      child.once("error", reject);
      child.once("close", (code) => {
        clearTimeout(timer);
        killGroup(child);
        this.running.delete(child);
        resolve({ code, hung, output: Buffer.concat(output).toString() });
      });
    });
  }

  /** Ends all of them. */
  kill(): void {
    for (const child of this.running) killGroup(child);
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody of it is left.
  }
}
