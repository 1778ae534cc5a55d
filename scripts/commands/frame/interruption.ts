import type { InterruptMode } from "./command";
import { Interrupted } from "../../terminal/command-error";
import type { InputOutput } from "../../terminal/input-output";
import type { Talk } from "../../terminal/talk";

/** Ctrl-C: once to stop, twice to quit. */
export class Interruption {
  /** Rejected with {@link Interrupted} when the command is to be left where it is. */
  readonly quit: Promise<never>;
  /** Takes back the signal handlers. */
  readonly stop: () => void;

  constructor(io: InputOutput, abort: () => void, mode: InterruptMode, talk: Talk) {
    let presses = 0;
    const leaving = new AbortController();
    this.quit = new Promise((_, reject) => {
      leaving.signal.addEventListener("abort", () => reject(new Interrupted()));
    });
    // Nobody waits for it any more once the command has ended.
    this.quit.catch(() => undefined);
    this.stop = io.onInterrupt(() => {
      presses += 1;
      abort();
      if (mode === "at-once" || presses > 1) leaving.abort();
      else talk.line("Stopping where it is safe; press Ctrl-C again to quit at once.");
    });
  }
}
