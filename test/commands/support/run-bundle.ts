import { spawn } from "node:child_process";
import { resolve } from "node:path";

/** The command line as users have it. */
export const bundle = resolve(__dirname, "../../../dist/lifeboat.cjs");

export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a test adds to a run of the command line. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Of Node itself, such as `--require`. */
  readonly nodeOptions?: readonly string[];
  readonly onSpawn?: (pid: number) => void;
  /** Told what is on stderr so far, whenever something has come. */
  readonly onError?: (text: string, pid: number) => void;
  /** Kilobytes that no file of the command may exceed: its disk is full, as the system tells it. */
  readonly fileLimit?: number;
}

/** Where a command runs. */
export interface RunPlace {
  readonly cwd: string;
  /** Its whole environment; what is undefined is not set. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs the bundled command line without a terminal. */
export function runBundle(argv: readonly string[], place: RunPlace, options: RunOptions = {}): Promise<RunResult> {
  const { env = {}, nodeOptions = [], fileLimit, ...told } = options;
  const words = [process.execPath, ...nodeOptions, bundle, ...argv];
  const limited = ["bash", "-c", `ulimit -f ${String(fileLimit)}; exec "$0" "$@"`, ...words];
  const { cwd } = place;
  return runProgram(fileLimit === undefined ? words : limited, { cwd, env: { ...place.env, ...env } }, told);
}

/** Runs a program to its end. */
export function runProgram(
  [program = "", ...argv]: readonly string[],
  { cwd, env }: RunPlace,
  { onSpawn, onError }: Pick<RunOptions, "onSpawn" | "onError"> = {},
): Promise<RunResult> {
  const child = spawn(program, argv, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const { pid } = child;
  if (pid !== undefined) onSpawn?.(pid);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => {
    stderr += data.toString();
    if (pid !== undefined) onError?.(stderr, pid);
  });
  return new Promise((done, reject) => {
    child.once("error", reject);
    child.once("close", (code) => done({ code, stdout, stderr }));
  });
}
