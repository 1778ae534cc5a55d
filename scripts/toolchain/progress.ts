/** Where progress is written, and whether a person is looking. */
export interface Screen {
  readonly isTerminal: boolean;
  write(text: string): void;
  /** Milliseconds; only differences are used. */
  now(): number;
}

/** Without a terminal a line is added when this much time has passed, so that a log shows that something goes on. */
const plainIntervalMilliseconds = 15_000;
const terminalIntervalMilliseconds = 250;

/**
 * Tells what is being done. On a terminal the current step is one line that is written again and again; elsewhere there
 * is a line for each step, and one every 15 seconds in a long step.
 */
export class StepLine {
  private step: { text: string; detail: string; begun: number; shown: number } | undefined;

  constructor(private readonly screen: Screen) {}

  /** Begins a step, for example "pulumi 3.258.0: building". */
  begin(text: string): void {
    const now = this.screen.now();
    this.step = { text, detail: "", begun: now, shown: now };
    this.screen.write(this.screen.isTerminal ? this.line() : `${text}\n`);
  }

  /** Says how far the current step is, for example "compiling, 120 of 900 packages". */
  update(detail: string): void {
    const { step } = this;
    if (!step) {
      return;
    }
    step.detail = detail;
    const interval = this.screen.isTerminal ? terminalIntervalMilliseconds : plainIntervalMilliseconds;
    if (this.screen.now() - step.shown >= interval) {
      step.shown = this.screen.now();
      this.screen.write(this.screen.isTerminal ? this.line() : `${this.textWithTime()}\n`);
    }
  }

  /** A line that stays. It ends the current step. */
  say(text: string): void {
    this.step = undefined;
    this.screen.write(this.screen.isTerminal ? `${clearLine}${text}\n` : `${text}\n`);
  }

  private line(): string {
    return `${clearLine}${this.textWithTime()}`;
  }

  private textWithTime(): string {
    if (!this.step) {
      return "";
    }
    const { text, detail, begun } = this.step;
    const seconds = (this.screen.now() - begun) / 1000;
    return [text, detail, formatSeconds(seconds)].filter((word) => word !== "").join(", ");
  }
}

const clearLine = "\r\u001b[K";

/** "8 s", "2 min 05 s". */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  const rest = whole % 60;
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${String(rest).padStart(2, "0")} s`;
}

/** "34 MB". */
export function formatMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1_000_000)} MB`;
}
