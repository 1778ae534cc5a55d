/** What the agent knows of a program that it has started. */
interface Started {
  readonly exitCode: number;
  readonly output: string;
  readonly complaint: string;
  /** Milliseconds of the process's clock at which it has ended. */
  readonly endsAt: number;
}

/** The shell of a guest at rest, which knows `true`, `false`, `exit N`, `echo WORDS` and `sleep SECONDS`, one after the other with `;`. */
export class MemoryCommands {
  readonly #started = new Map<string, Started>();
  #lastProcess = 400;

  /** As `guest-exec`. */
  execute(place: string, parameters: Readonly<Record<string, unknown>>): { pid: number } {
    const { path, arg } = parameters;
    const words = Array.isArray(arg) ? arg.map(String) : [];
    const script = path === "/bin/sh" && words[0] === "-c" ? (words[1] ?? "") : undefined;
    if (script === undefined && path !== "/bin/true") {
      const text = `Failed to execute child process “${String(path)}” (No such file or directory)`;
      throw new Error(`Guest agent command failed, error was '${text}'`);
    }
    this.#lastProcess += 1;
    this.#started.set(`${place} ${this.#lastProcess}`, run(script ?? "true"));
    return { pid: this.#lastProcess };
  }

  /** As `guest-exec-status`: what has ended is told once, and forgotten. */
  status(place: string, { pid }: Readonly<Record<string, unknown>>): object {
    const key = `${place} ${String(pid)}`;
    const started = this.#started.get(key);
    if (started === undefined) throw new Error(`PID ${String(pid)} does not exist`);
    if (Date.now() < started.endsAt) return { exited: false };
    this.#started.delete(key);
    const { exitCode, output, complaint } = started;
    return {
      exited: true,
      exitcode: exitCode,
      ...(output === "" ? {} : { "out-data": Buffer.from(output).toString("base64") }),
      ...(complaint === "" ? {} : { "err-data": Buffer.from(complaint).toString("base64") }),
    };
  }
}

function run(script: string): Started {
  let output = "";
  let complaint = "";
  let exitCode = 0;
  let endsAt = Date.now();
  for (const command of script.split(";").map((text) => text.trim())) {
    const [name = "", ...words] = command.split(" ");
    exitCode = 0;
    if (name === "echo") output += `${words.join(" ")}\n`;
    else if (name === "sleep") endsAt += Number(words[0]) * 1000;
    else if (name === "exit") return { exitCode: Number(words[0]), output, complaint, endsAt };
    else if (name === "false") exitCode = 1;
    else if (name !== "true") {
      complaint += `/bin/sh: 1: ${name}: not found\n`;
      exitCode = 127;
    }
  }
  return { exitCode, output, complaint, endsAt };
}
