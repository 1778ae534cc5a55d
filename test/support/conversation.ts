import { spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";

/** What is typed at a question; some answers are only known from what was shown before. */
type Keys = string | ((shown: string) => Promise<string>);

/** What is waited for on the terminal, and the keys that are pressed then. */
export type Turn = readonly [question: string, keys: Keys];

/** What was shown in a conversation, without the colours, and how it ended. */
export interface Conversation {
  readonly code: number | null;
  readonly shown: string;
  /** The same as the terminal got it. */
  readonly raw: string;
  /** Questions that never came. */
  readonly unasked: readonly string[];
}

/** A terminal and what runs in it. */
export interface Terminal {
  /** For `sh`. */
  readonly command: string;
  readonly cwd: string;
  /** The whole environment; what is undefined is not set. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default: 80. */
  readonly columns?: number;
  /** Milliseconds without a word after which somebody is waiting for the other. Default: a minute. */
  readonly silence?: number;
  /** Nothing is waited for any more once this is shown. */
  readonly endsAt?: RegExp;
}

/** Runs a command in a terminal, by `script` of util-linux, and answers its questions in their order. */
export function talkTo(terminal: Terminal, turns: readonly Turn[]): Promise<Conversation> {
  const { command, cwd, env, columns = 80, silence = 60_000, endsAt } = terminal;
  const inTerminal = `stty cols ${String(columns)} rows 60; exec ${command}`;
  const child = spawn("script", ["-qec", inTerminal, "/dev/null"], {
    cwd,
    env: { ...env, TERM: "xterm", NO_COLOR: "1" },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const left = [...turns];
  let shown = "";
  let heard = 0;
  let isTyping = false;
  // A question that nobody expected would be waited for till the end of the test.
  let isGivenUp = false;
  const giveUp = setTimeout(() => {
    isGivenUp = true;
    child.kill();
  }, silence);
  const heardSo = (): string => stripVTControlCharacters(shown);
  const answer = async (): Promise<void> => {
    if (endsAt?.test(heardSo()) === true) child.kill();
    for (let [turn] = left; turn !== undefined && !isTyping; [turn] = left) {
      const [question, keys] = turn;
      const place = heardSo().indexOf(question, heard);
      if (place < 0) return;
      heard = place + question.length;
      left.shift();
      if (keys === "") continue;
      isTyping = true;
      child.stdin.write(typeof keys === "string" ? keys : await keys(heardSo()));
      isTyping = false;
    }
  };
  return new Promise((done, fail) => {
    child.stdout.on("data", (chunk: Buffer) => {
      giveUp.refresh();
      shown += chunk.toString("utf8");
      answer().catch((error: unknown) => {
        child.kill();
        fail(error);
      });
    });
    child.once("error", fail);
    child.once("close", (code) => {
      clearTimeout(giveUp);
      child.stdin.destroy();
      // What is ended at a question may take that for a no, and end well.
      done({
        code: isGivenUp ? null : code,
        shown: heardSo(),
        raw: shown,
        unasked: left.map(([question]) => question),
      });
    });
  });
}
