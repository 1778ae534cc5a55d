import { spawn } from "node:child_process";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { codeOf } from "../../proxmox/api/trust";
import { toolEnvironment } from "./child-environment";
import { ProgramMissing } from "./run-program";

/** How a program ended whose bytes were streamed. */
export interface StreamEnd {
  /** Undefined: a signal ended it. */
  readonly code: number | undefined;
  /** The end of what it said as errors. */
  readonly stderr: string;
}

/** A program at work whose bytes come and go as they are. */
export interface StreamedProgram {
  readonly input: Writable;
  readonly output: Readable;
  /** Rejects with ProgramMissing. */
  readonly ended: Promise<StreamEnd>;
  /** Ends it before its time. */
  stop(): void;
  /** Ends its input before its time, and waits until it has cleared up; one that goes on regardless is stopped. */
  giveUp(): Promise<void>;
}

/** Milliseconds that a program has to clear up after its input ended too early. */
const grace = 10_000;

/** Its last words are what counts; a program that fails in each of a million rows fills no memory. */
const keptWords = 64 * 1024;

/** Starts a program of the system. Arguments are handed over as they are: no shell looks at them. */
export function streamProgram(program: string, argv: readonly string[], signal: AbortSignal): StreamedProgram {
  signal.throwIfAborted();
  const child = spawn(program, argv, { env: toolEnvironment(process.env), stdio: ["pipe", "pipe", "pipe"] });
  // Whoever ends before it has read everything is told by how it ends.
  child.stdin.on("error", () => undefined);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr = (stderr + text).slice(-keptWords)));
  const stop = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  const ended = new Promise<StreamEnd>((resolve, reject) => {
    child.once("error", (error) => reject(codeOf(error) === "ENOENT" ? new ProgramMissing(program) : error));
    child.once("close", (code) => resolve({ code: code ?? undefined, stderr }));
  }).finally(() => signal.removeEventListener("abort", stop));
  // It may fail while nobody waits for it yet.
  ended.catch(() => undefined);
  const giveUp = async (): Promise<void> => {
    child.stdin.destroy();
    const late = setTimeout(stop, grace);
    await ended.catch(() => undefined).finally(() => clearTimeout(late));
  };
  // What nobody reads yet when the program ends is thrown away by Node, unless it was taken before.
  return { input: child.stdin, output: child.stdout.pipe(new PassThrough()), ended, stop, giveUp };
}
