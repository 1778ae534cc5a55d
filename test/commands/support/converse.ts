import { spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";
import { bundle, type RunPlace } from "./run-bundle";

/** What is waited for on the terminal, and the keys that are pressed then. */
export type Turn = readonly [question: string, keys: string];

/** What was shown in a conversation, without the colours, and how it ended. */
export interface Conversation {
  readonly code: number | null;
  readonly shown: string;
  /** Questions that never came. */
  readonly unasked: readonly string[];
}

/** Milliseconds without a word after which somebody is waiting for the other. */
const silence = 60_000;

/**
 * Runs the command line in a terminal, by `script` of util-linux, and answers its questions in their order.
 *
 * @param columns of the terminal
 */
export function converse(
  argv: readonly string[],
  turns: readonly Turn[],
  { cwd, env }: RunPlace,
  columns = 80,
): Promise<Conversation> {
  const command = `stty cols ${String(columns)} rows 60; exec '${process.execPath}' '${bundle}' ${argv.join(" ")}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    cwd,
    env: { ...env, TERM: "xterm", NO_COLOR: "1" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const left = [...turns];
  let shown = "";
  let heard = 0;
  // A question that nobody expected would be waited for till the end of the test.
  const giveUp = setTimeout(() => child.kill(), silence);
  child.stdout.on("data", (chunk: Buffer) => {
    giveUp.refresh();
    shown += chunk.toString("utf8");
    const text = stripVTControlCharacters(shown);
    for (let [turn] = left; turn !== undefined; [turn] = left) {
      const place = text.indexOf(turn[0], heard);
      if (place < 0) return;
      heard = place + turn[0].length;
      left.shift();
      if (turn[1] !== "") child.stdin.write(turn[1]);
    }
  });
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => {
      clearTimeout(giveUp);
      child.stdin.destroy();
      done({ code, shown: stripVTControlCharacters(shown), unasked: left.map(([question]) => question) });
    });
  });
}
