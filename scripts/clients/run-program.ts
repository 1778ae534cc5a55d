import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { codeOf } from "../../proxmox/api/trust";
import { toolEnvironment } from "./child-environment";

/** How a program ended. */
export interface ProgramResult {
  /** Exit code; undefined when the program was ended by a signal or by the timeout. */
  code: number | undefined;
  stdout: string;
  stderr: string;
  timedOut: boolean;
}

export interface ProgramOptions {
  /** The whole environment of the program. Default: what a program of the system needs of this process's. */
  environment?: Readonly<Record<string, string | undefined>>;
  workingDirectory?: string;
  /** Milliseconds until the program is ended. */
  timeout: number;
  signal?: AbortSignal;
  /** Written to its standard input, which stays open until it ends: its end tells the program that nobody waits any more. */
  input?: string;
  /** Its standard input ends behind the input, for a program that reads it to its end. */
  closesInput?: boolean;
  /** Told each line of its output as it comes. */
  onLine?: (line: string) => void;
}

/** A program that is not installed. */
export class ProgramMissing extends Error {
  override readonly name = "ProgramMissing";

  constructor(readonly program: string) {
    super(`the program '${program}' is not installed`);
  }
}

/** More output than this is not kept; nothing that is read here comes near it. */
const longestOutput = 64 * 1024 * 1024;

/**
 * Runs a program to its end. Arguments are handed over as they are: no shell looks at them. Standard input is empty unless
 * there is an input.
 *
 * @throws ProgramMissing, or the signal's reason.
 */
export async function runProgramFile(
  program: string,
  argv: readonly string[],
  options: ProgramOptions,
): Promise<ProgramResult> {
  options.signal?.throwIfAborted();
  const child = spawn(program, argv, {
    cwd: options.workingDirectory,
    env: { ...(options.environment ?? toolEnvironment(process.env)) },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // One that ends before it has read everything is told by how it ends.
  child.stdin.on("error", () => undefined);
  if (options.input === undefined || options.closesInput === true) child.stdin.end(options.input);
  else child.stdin.write(options.input);
  const stdout = collect(child.stdout);
  if (options.onLine !== undefined) createInterface({ input: child.stdout }).on("line", options.onLine);
  const stderr = collect(child.stderr);
  let timedOut = false;
  const end = (): void => void child.kill("SIGTERM");
  const timer = setTimeout(() => {
    timedOut = true;
    end();
    setTimeout(() => child.kill("SIGKILL"), 2_000).unref();
  }, options.timeout);
  options.signal?.addEventListener("abort", end, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    options.signal?.throwIfAborted();
    return { code: code ?? undefined, stdout: stdout(), stderr: stderr(), timedOut };
  } catch (error) {
    throw codeOf(error) === "ENOENT" ? new ProgramMissing(program) : error;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", end);
  }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  stream.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length <= longestOutput) chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
