import { spawn } from "node:child_process";
import { RunError, type Call } from "./resource";

export interface ProgramRun {
  /** Program and its arguments. */
  readonly words: readonly [string, ...string[]];
  /** How the program is named in an error. */
  readonly description: string;
  /** How an error begins where the program did not end with 0; its exit code follows. */
  readonly ended: string;
  /** Kills the program. Left out: it is waited for, whatever the user does. */
  readonly stop?: AbortSignal;
  readonly folder?: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  readonly standardInput: string | undefined;
  readonly logged: { readonly stdout: boolean; readonly stderr: boolean };
}

export interface ProgramOutput {
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that ran and did not end with 0. */
export class ExitError extends RunError {
  constructor(
    message: string,
    readonly exitCode: number | null,
    /** What it wrote to standard error. */
    readonly complaint: string,
  ) {
    super(message);
  }
}

/** What Go calls the usual signals. */
const signalWords: Readonly<Record<string, string>> = {
  SIGKILL: "killed",
  SIGTERM: "terminated",
  SIGINT: "interrupt",
  SIGHUP: "hangup",
  SIGPIPE: "broken pipe",
};

/**
 * Runs a program to its end.
 *
 * @throws ExitError with what it wrote to standard output and standard error, in the order in which it came.
 * @throws RunError if it could not be started.
 */
export function runProgram(run: ProgramRun, call: Call): Promise<ProgramOutput> {
  const [program, ...options] = run.words;
  const child = spawn(program, options, {
    env: run.environment,
    stdio: [run.standardInput ? "pipe" : "ignore", "pipe", "pipe"],
    ...(run.folder !== undefined && { cwd: run.folder }),
  });
  const kill = () => void child.kill("SIGKILL");
  // The connection of a command elsewhere ends with the plugin.
  process.once("exit", kill);
  run.stop?.addEventListener("abort", kill);
  const both: Buffer[] = [];
  const stdout = collect(child.stdout, both, run.logged.stdout, call);
  const stderr = collect(child.stderr, both, run.logged.stderr, call);
  // A program that does not read all of its input is no error.
  child.stdin?.on("error", () => undefined).end(run.standardInput);
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(new RunError(`${error.message}: running ${run.description}`)));
    child.once("close", (code, signal) => {
      process.off("exit", kill);
      run.stop?.removeEventListener("abort", kill);
      if (code === 0) {
        resolve({ stdout: stdout(), stderr: stderr() });
      } else {
        const how = code === null ? `signal: ${signalWords[signal ?? ""] ?? signal}` : `${run.ended} ${code}`;
        const message = `${how}: running ${run.description}:\n${Buffer.concat(both).toString("utf8")}`;
        reject(new ExitError(message, code, stderr()));
      }
    });
  });
}

/** Gathers a stream; the result is its text without one newline at its end. */
function collect(stream: NodeJS.ReadableStream | null, both: Buffer[], isLogged: boolean, call: Call): () => string {
  const chunks: Buffer[] = [];
  let unfinished = "";
  stream?.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    both.push(chunk);
    if (isLogged) {
      const lines = (unfinished + chunk.toString("utf8")).split("\n");
      unfinished = lines.pop() ?? "";
      lines.forEach(call.log);
    }
  });
  stream?.on("end", () => {
    if (isLogged && unfinished !== "") {
      call.log(unfinished);
    }
  });
  return () => Buffer.concat(chunks).toString("utf8").replace(/\n$/, "");
}
