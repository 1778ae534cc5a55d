import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { PassThrough, Transform, type Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** One program of a pipeline. There is no shell: each argument reaches the program as it is. */
export interface Stage {
  program: string;
  arguments: readonly string[];
}

export interface PipelineOptions {
  /** File that the first program reads; nothing when left out. */
  input?: string;
  /** Text that the first program reads in place of a file: for what no process list may show. */
  inputText?: string;
  /** Stream that the first program reads in place of a file. */
  source?: Readable;
  /** File that the last program writes; its output is returned as text when left out. */
  output?: string;
  /** Stream that gets the last program's output in place of a file. One that is destroyed has had enough. */
  sink?: Writable;
  /** Receives each line that a program prints to its error stream. */
  onLine?: (line: string) => void;
  /** Bytes per second that may pass between the programs, or into the first one. */
  bytesPerSecond?: number;
  /** Ends all programs when aborted. */
  signal?: AbortSignal;
}

/** A program of a pipeline ended with an exit code other than 0, or could not be started. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly program: string;
  /** Undefined when a signal ended it, or when it could not be started. */
  readonly exitCode: number | undefined;

  constructor(program: string, exitCode: number | undefined, message: string) {
    super(message);
    this.program = program;
    this.exitCode = exitCode;
  }
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Runs programs one behind the other, as `a | b > output` would with `pipefail`.
 * @returns what the last program printed, unless it went to a file
 * @throws CommandFailed for the last program that failed; its message is that program's last error line
 */
export async function runPipeline(stages: readonly Stage[], options: PipelineOptions = {}): Promise<string> {
  const children = stages.map((stage) => start(stage, options.signal));
  const ends = stages.map((stage, index) => ended(stage, childAt(children, index), options.onLine));
  const collected = new PassThrough();
  const moves = [feed(childAt(children, 0), options)];
  for (let index = 1; index < children.length; index++) {
    moves.push(move(childAt(children, index - 1).stdout, childAt(children, index).stdin, options.bytesPerSecond));
  }
  const last = childAt(children, children.length - 1);
  const target = options.sink ?? (options.output === undefined ? collected : createWriteStream(options.output));
  const text = target === collected ? readText(collected) : Promise.resolve("");
  moves.push(move(last.stdout, target));
  const [failures] = await Promise.all([Promise.all(ends), Promise.all(moves)]);
  const failure = failures.reverse().find((end) => end !== undefined);
  if (failure !== undefined) throw failure;
  return text;
}

/** Runs one program and answers with what it printed. */
export function run(
  program: string,
  programArguments: readonly string[],
  options: PipelineOptions = {},
): Promise<string> {
  return runPipeline([{ program, arguments: programArguments }], options);
}

function start(stage: Stage, signal: AbortSignal | undefined): Child {
  return spawn(stage.program, stage.arguments, {
    stdio: ["pipe", "pipe", "pipe"],
    // The programs' messages are compared with Proxmox's, which runs them in the C locale.
    env: { ...process.env, LC_ALL: "C.UTF-8" },
    ...(signal === undefined ? {} : { signal }),
  });
}

function childAt(children: readonly Child[], index: number): Child {
  const child = children[index];
  if (child === undefined) throw new Error("a pipeline needs at least one program");
  return child;
}

function feed(child: Child, options: PipelineOptions): Promise<void> {
  if (options.input !== undefined) return move(createReadStream(options.input), child.stdin, options.bytesPerSecond);
  if (options.source !== undefined) return move(options.source, child.stdin, options.bytesPerSecond);
  child.stdin.on("error", () => {});
  child.stdin.end(options.inputText);
  return Promise.resolve();
}

/** Passes data on. A reader that went away is no failure here: what counts is how the programs ended. */
async function move(from: Readable, to: Writable, bytesPerSecond?: number): Promise<void> {
  try {
    if (bytesPerSecond === undefined) await pipeline(from, to);
    else await pipeline(from, slowed(bytesPerSecond), to);
  } catch (failure) {
    if (!isClosedPipe(failure)) throw failure;
    from.resume();
  }
}

function isClosedPipe(failure: unknown): boolean {
  return ["EPIPE", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "ERR_STREAM_DESTROYED"].some((code) =>
    hasCode(failure, code),
  );
}

function slowed(bytesPerSecond: number): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      setTimeout(() => done(null, chunk), (chunk.length / bytesPerSecond) * 1000);
    },
  });
}

function ended(stage: Stage, child: Child, onLine?: (line: string) => void): Promise<CommandFailed | undefined> {
  let lastLine: string | undefined;
  createInterface({ input: child.stderr }).on("line", (line) => {
    lastLine = line;
    onLine?.(line);
  });
  return new Promise((resolve) => {
    child.once("error", (failure) => resolve(new CommandFailed(stage.program, undefined, failure.message)));
    child.once("close", (exitCode, signal) => {
      if (exitCode === 0) resolve(undefined);
      // The reader behind it had enough; that is no failure of this one.
      else if (signal === "SIGPIPE") resolve(undefined);
      else
        resolve(new CommandFailed(stage.program, exitCode ?? undefined, lastLine ?? `ended by ${signal ?? exitCode}`));
    });
  });
}

async function readText(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

/** Whether a failure of Node is of this kind (`ENOENT`, `EPIPE`, …). */
export function hasCode(failure: unknown, code: string): boolean {
  // Not by `instanceof`: Node's own errors are of another realm than the code of a test.
  return typeof failure === "object" && failure !== null && "code" in failure && failure.code === code;
}
