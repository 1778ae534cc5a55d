import { exitCodes } from "./exit-codes";

/** What a command has of the world around it. Tests give their own. */
export interface InputOutput {
  /** Writes data. */
  readonly writeOutput: (text: string) => void;
  /** Writes talk: progress, warnings, questions, errors. */
  readonly writeError: (text: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  /** Path of the program as it was started, from the working directory. */
  readonly program: string;
  readonly isTerminal: { readonly input: boolean; readonly output: boolean; readonly error: boolean };
  /** Columns of the terminal; 80 where there is none. */
  readonly columns: () => number;
  /**
   * Calls back when the user presses Ctrl-C or the process is asked to end. Gives a function to call once the command has
   * ended: from then on the process leaves at such a request, with the exit code that the command has given it.
   */
  readonly onInterrupt: (callback: () => void) => () => void;
}

/** The real process. */
export function processInputOutput(): InputOutput {
  neverBreakOff(process.stdout, tellLoss);
  neverBreakOff(process.stderr, () => undefined);
  return {
    writeOutput: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
    environment: process.env,
    workingDirectory: process.cwd(),
    program: process.argv[1] ?? "lifeboat",
    isTerminal: {
      input: process.stdin.isTTY,
      output: process.stdout.isTTY,
      error: process.stderr.isTTY,
    },
    columns: () => process.stderr.columns ?? process.stdout.columns ?? 80,
    onInterrupt: (callback) => {
      let answer = callback;
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => answer());
      // The handlers stay: without them a second Ctrl-C would kill a process that is about to end, and take its exit code.
      return () => {
        answer = () => process.exit();
      };
    },
  };
}

/**
 * What cannot be printed is no reason to break off: a restore would be left half done because the disk of its log is full, or its
 * terminal has hung up.
 *
 * @param onLoss told once, unless whoever reads has closed the pipe: `lifeboat status | head -1` does not want the rest
 */
function neverBreakOff(stream: NodeJS.WriteStream, onLoss: (error: Error) => void): void {
  let isLost = false;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE" || isLost) return;
    isLost = true;
    onLoss(error);
  });
}

/** Data that are not whole must not pass for a success. */
function tellLoss({ message }: Error): void {
  process.stderr.write(`ERROR: what it prints could not all be written: ${message}\n`);
  process.once("exit", (code) => {
    if (code === exitCodes.done) process.exitCode = exitCodes.failed;
  });
}

/** Whether a stream gets colours. Source: no-color.org; `TERM=dumb` is what editors set for their shells. */
export function hasColours(io: InputOutput, stream: "output" | "error"): boolean {
  const { NO_COLOR: noColour, TERM: term } = io.environment;
  return io.isTerminal[stream] && (noColour === undefined || noColour === "") && term !== "dumb";
}
