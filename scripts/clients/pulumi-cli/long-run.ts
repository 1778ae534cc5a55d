import { spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { codeOf } from "../../../proxmox/api/trust";
import { pulumiEnvironment } from "../child-environment";
import { Interrupted } from "../../terminal/command-error";
import { ProgramMissing } from "../run-program";

export interface LongRunOptions {
  readonly folder: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** File that gets everything it prints. */
  readonly log: string;
  readonly signal: AbortSignal;
  /** Gets each line as it is printed. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Called once with the id of its process. */
  readonly onStart?: ((pid: number) => void) | undefined;
}

/** How it ended. */
export interface LongRun {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  /** All that it printed. */
  readonly printed: string;
}

/** Milliseconds between two looks at what was printed. */
const pause = 150;

/**
 * Runs `pulumi` as a process of its own group that prints into a file: when this process is killed it goes on and brings
 * its work to an end, where a closed pipe would kill it in the middle. Ctrl-C is handed on once, and waited for: Pulumi
 * then ends what is under way and begins nothing more.
 *
 * @throws ProgramMissing
 */
export async function runLong(argv: readonly string[], options: LongRunOptions): Promise<LongRun> {
  options.signal.throwIfAborted();
  const file = openSync(options.log, "wx", 0o600);
  const child = spawn("pulumi", argv, {
    cwd: options.folder,
    env: pulumiEnvironment(options.variables),
    stdio: ["ignore", file, file],
    detached: true,
  });
  closeSync(file);
  if (child.pid !== undefined) options.onStart?.(child.pid);
  const follow = follower(options.log, options.onLine ?? (() => undefined));
  const timer = setInterval(follow, pause);
  const interrupt = (): void => {
    child.kill("SIGINT");
    tellWhoLeaves(options.signal.reason, whatGoesOn(child.pid));
  };
  options.signal.addEventListener("abort", interrupt, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", resolve);
    });
    follow();
    return { code: code ?? undefined, printed: readFileSync(options.log, "utf8") };
  } catch (error) {
    throw codeOf(error) === "ENOENT" ? new ProgramMissing("pulumi") : error;
  } finally {
    clearInterval(timer);
    tellWhoLeaves(options.signal.reason, undefined);
    options.signal.removeEventListener("abort", interrupt);
  }
}

/** A second Ctrl-C ends this process and not `pulumi`, which may wait for a host that never answers. */
function tellWhoLeaves(reason: unknown, hint: string | undefined): void {
  if (reason instanceof Interrupted) reason.hint = hint;
}

function whatGoesOn(pid: number | undefined): string | undefined {
  const id = String(pid);
  return pid === undefined
    ? undefined
    : `pulumi (process ${id}) ends what it is at, and then by itself; where that never comes: kill ${id}`;
}

/** Hands on the whole lines that have come since the last call. */
function follower(path: string, onLine: (line: string) => void): () => void {
  let position = 0;
  let rest = "";
  return () => {
    const file = openSync(path, "r");
    try {
      const chunk = Buffer.alloc(Math.max(0, fstatSync(file).size - position));
      position += readSync(file, chunk, 0, chunk.length, position);
      const lines = (rest + chunk.toString("utf8")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    } finally {
      closeSync(file);
    }
  };
}
