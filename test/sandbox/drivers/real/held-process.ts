import { spawn } from "node:child_process";
import { CommandFailed } from "../../machine/child-process";

/**
 * Keeps a state of the machine (mounts, a frozen container) for as long as `use` runs.
 *
 * A shell script sets the state up, says `ready`, and waits in `read` for the end of its standard input; what it does
 * afterwards takes the state back. The input also ends when this process is killed, so that no state outlives it.
 *
 * @param prepare shell text that sets the state up; its last error line is the message when it fails
 * @param release shell text that takes it back; empty where the script's end does that
 */
export async function withHeldProcess<Result>(
  wrapper: readonly [string, ...string[]],
  script: { prepare: string; release: string; arguments: readonly string[] },
  use: (pid: number) => Promise<Result>,
): Promise<Result> {
  const text = `set -e\n${script.prepare}\necho ready\nread -r line || true\n${script.release}\n`;
  const [program, ...options] = wrapper;
  const holder = spawn(program, [...options, "sh", "-c", text, "holder", ...script.arguments]);
  let complaints = "";
  holder.stderr.setEncoding("utf8").on("data", (part: string) => (complaints += part));
  holder.stdin.on("error", () => undefined);
  const ended = new Promise<void>((resolve) => holder.on("close", () => resolve()));
  try {
    await new Promise<void>((resolve, reject) => {
      holder.on("error", reject);
      holder.stdout.once("data", () => resolve());
      holder.on("close", (code) => reject(new CommandFailed(program, code ?? undefined, lastLine(complaints))));
    });
    if (holder.pid === undefined) throw new Error(`${program} has no process id`);
    return await use(holder.pid);
  } finally {
    holder.stdin.end();
    await ended;
  }
}

function lastLine(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.at(-1) ?? "ended without a word";
}
