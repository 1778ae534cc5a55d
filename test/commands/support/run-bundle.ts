import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { checkLines, type FileWrite, runHere, type RunningCommand, type RunResult } from "./kit";

/** The command line as users have it. */
export const bundle = resolve(__dirname, "../../../dist/lifeboat.cjs");

export type { RunResult } from "./kit";

/** Just before, or just after, the n-th journal of a run is put in its place. */
export type KillMoment = `${FileWrite["moment"]} ${number}`;

/** What a test adds to a run of the command line. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Of Node itself, such as `--require`. */
  readonly nodeOptions?: readonly string[];
  readonly onSpawn?: (pid: number) => void;
  /** A process of its own: the bundle as users have it, with real signals and locks. */
  readonly asProcess?: boolean;
  /** Called once when it begins. */
  readonly onStart?: (run: RunningCommand) => void;
  /** Told what is on stderr so far, whenever something has come. */
  readonly onError?: (text: string, run: RunningCommand) => void;
  /** Called around each write of a journal, unless it is a process of its own. */
  readonly onWrite?: (write: FileWrite, run: RunningCommand) => void;
  /** Killed there: within this process as a {@link VirtualProcess} is, as a process of its own by SIGKILL. */
  readonly killAt?: KillMoment | undefined;
  /** Somebody sits at a terminal and says yes to what is asked; not where it is a process of its own. */
  readonly isAsked?: boolean;
  /** Kilobytes that no file of the command may exceed: its disk is full, as the system tells it. */
  readonly fileLimit?: number;
  /** The stream of it that goes to a file on a full disk. */
  readonly fullDisk?: "stdout" | "stderr";
}

/** Where a command runs. */
export interface RunPlace {
  readonly cwd: string;
  /** Its whole environment; what is undefined is not set. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs the command line without a terminal: within this process, unless something is asked that only a process has. Its JSON
 * is held against the shapes of the command. */
export async function runLifeboat(
  argv: readonly string[],
  place: RunPlace,
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await runSomewhere(argv, place, options);
  await checkLines(argv, result.stdout);
  return result;
}

function runSomewhere(argv: readonly string[], place: RunPlace, options: RunOptions): Promise<RunResult> {
  const { env = {}, asProcess, nodeOptions, onSpawn, fileLimit, fullDisk, ...told } = options;
  const needsProcess = [nodeOptions, onSpawn, fileLimit, fullDisk].some((option) => option !== undefined);
  if (asProcess === true || needsProcess) return runBundle(argv, place, options);
  const { killAt, onWrite, ...heard } = told;
  return runHere(argv, {
    cwd: place.cwd,
    env: { ...place.env, ...env },
    ...heard,
    onWrite: (write, run) => {
      onWrite?.(write, run);
      if (`${write.moment} ${write.number}` === killAt) run.signal("SIGKILL");
    },
  });
}

const killHook = ["--require", resolve(__dirname, "../../support/kill-at-journal-write.cjs")];

/** Runs the bundled command line as users have it. */
function runBundle(argv: readonly string[], place: RunPlace, options: RunOptions = {}): Promise<RunResult> {
  const { nodeOptions = [], fileLimit, fullDisk, killAt, ...told } = options;
  const hook = killAt === undefined ? [] : killHook;
  const env = killAt === undefined ? options.env : { ...options.env, LIFEBOAT_TEST_KILL: killAt };
  const words = [process.execPath, ...hook, ...nodeOptions, bundle, ...argv];
  const limit = fileLimit === undefined ? "" : `ulimit -f ${String(fileLimit)}; `;
  const target = fullDisk === undefined ? "" : ` ${fullDisk === "stdout" ? "1" : "2"}>/dev/full`;
  const { cwd } = place;
  const started = ["bash", "-c", `${limit}exec "$0" "$@"${target}`, ...words];
  return runProgram(limit + target === "" ? words : started, { cwd, env: { ...place.env, ...env } }, told);
}

/** Runs a program to its end. */
export function runProgram(
  [program = "", ...argv]: readonly string[],
  { cwd, env }: RunPlace,
  { onSpawn, onStart, onError }: Pick<RunOptions, "onSpawn" | "onStart" | "onError"> = {},
): Promise<RunResult> {
  const child = spawn(program, argv, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const { pid = 0 } = child;
  const running: RunningCommand = { pid, signal: (name) => void process.kill(pid, name) };
  if (pid !== 0) {
    onSpawn?.(pid);
    onStart?.(running);
  }
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => {
    stderr += data.toString();
    onError?.(stderr, running);
  });
  return new Promise((done, reject) => {
    child.once("error", reject);
    child.once("close", (code) => done({ code, stdout, stderr }));
  });
}
