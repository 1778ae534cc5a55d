import type { Redactor } from "./redactor";
import { formatDuration } from "./durations";
import { hasColours, type InputOutput } from "./input-output";
import type { Talk } from "./talk";
import { dim, green, red, render, shorten, type Styled, yellow } from "./text";

/** Tells what a running step is at: a percentage, a line of a task's log. */
export type Update = (detail: string) => void;

/** How a step's last line tells its end: its mark, and words in place of its title. A step that ends is good unless it says so. */
export interface Ending {
  readonly mark: "good" | "odd" | "bad";
  readonly title?: string;
}

/** Runs one step and shows it. */
export type ShowStep = <Result>(
  title: string,
  run: (update: Update) => Promise<Result>,
  endingOf?: (result: Result) => Ending,
) => Promise<Result>;

const marks: Readonly<Record<Ending["mark"], Styled>> = { good: green("✓"), odd: yellow("!"), bad: red("✗") };

function good(): Ending {
  return { mark: "good" };
}

/** The end of a step that looks at several things: a look that failed is no good one. */
export function endOfLooks<Look>(looks: readonly Look[], hasFailed: (look: Look) => boolean): Ending {
  const failed = looks.filter(hasFailed).length;
  if (failed === 0) return { mark: "good" };
  return { mark: failed === looks.length ? "bad" : "odd" };
}

/** Pictures of the turning wheel. */
const wheel = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/** Time between two pictures, in milliseconds. */
const turn = 100;

/** Without a terminal a step that goes on says so again after this many milliseconds, so that a log shows life. */
const quietLog = 10_000;

interface StrandStep<Result> {
  readonly title: string;
  readonly run: (update: Update) => Promise<Result>;
  readonly endingOf: (result: Result) => Ending;
}

/**
 * How much is said of steps. `quiet`: only of those that did not end well. `verbose`: all that each is at, a line for each word of
 * it, as a log keeps it.
 */
export type Manner = "quiet" | "usual" | "verbose";

/**
 * Shows steps while they run, on stderr. On a terminal one line is redrawn; anywhere else each step is one line at its
 * start, one at its end, and now and then one between.
 */
export class Progress {
  private readonly colours: boolean;
  private abandoned = false;
  private said = "";
  private stopShowing: () => void = () => undefined;
  private running: { title: string; detail: string; started: number; picture: number } | undefined;

  constructor(
    private readonly io: InputOutput,
    private readonly talk: Talk,
    private readonly redactor: Redactor,
    private readonly manner: Manner = "usual",
  ) {
    this.colours = hasColours(io, "error");
  }

  /**
   * Runs one step and shows it from the first moment on. Steps do not overlap: an inner step is shown as the outer one's
   * detail.
   *
   * @param title what is being done: "restore container 101". @param isStrands each of its strands tells for itself what it is at
   */
  async step<Result>(
    title: string,
    run: (update: Update) => Promise<Result>,
    endingOf: (result: Result) => Ending = good,
    isStrands = false,
  ): Promise<Result> {
    const outer = this.running;
    if (outer !== undefined) {
      outer.detail = title;
      return run((detail) => {
        if (!isStrands) this.say(`${title}: ${detail}`);
        outer.detail = `${title}: ${detail}`;
      });
    }
    return this.outermost(title, run, endingOf, isStrands);
  }

  /**
   * Runs several strands of steps at the same time, under one title. On a terminal the line that is redrawn shows what
   * every strand is at; each step gets a line of its own when it ends, behind its strand's name.
   */
  async strands<Result>(
    title: string,
    run: (strand: (name: string) => ShowStep) => Promise<Result>,
    endingOf: (result: Result) => Ending = good,
  ): Promise<Result> {
    const runStrands = (update: Update): Promise<Result> => {
      const present = new Map<string, string>();
      const tell = (name: string, text: string | undefined): void => {
        if (text === undefined) present.delete(name);
        else present.set(name, text);
        update([...present].map(([strand, at]) => `${strand}: ${at}`).join(" · "));
      };
      return run(
        (name) =>
          (step, work, endOf = good) =>
            this.strandStep(name, { title: step, run: work, endingOf: endOf }, tell),
      );
    };
    return this.step(title, runStrands, endingOf, true);
  }

  /** The same for what runs as one strand of it: its steps are shown as that strand's. */
  within(show: ShowStep): Progress {
    return new StrandProgress(show, this.io, this.talk, this.redactor);
  }

  private async strandStep<Result>(
    strand: string,
    { title, run, endingOf }: StrandStep<Result>,
    tell: (strand: string, text: string | undefined) => void,
  ): Promise<Result> {
    const started = performance.now();
    const finish = ({ mark, title: end = title }: Ending): void => {
      tell(strand, undefined);
      if (this.abandoned || this.leavesOut(mark)) return;
      if (this.animated) this.io.writeError("\r\u001b[K");
      const seconds = (performance.now() - started) / 1_000;
      this.talk.line([marks[mark], ` ${strand}: ${end} `, dim(`(${formatDuration(seconds)})`)]);
    };
    tell(strand, title);
    try {
      const result = await run((detail) => {
        this.say(`${strand}: ${detail}`);
        tell(strand, `${title}: ${detail}`);
      });
      finish(endingOf(result));
      return result;
    } catch (error) {
      finish({ mark: "bad" });
      throw error;
    }
  }

  /** Says no more: the command was left, and how its step ends is nobody's concern. */
  abandon(): void {
    this.stopShowing();
    this.abandoned = true;
  }

  private async outermost<Result>(
    title: string,
    run: (update: Update) => Promise<Result>,
    endingOf: (result: Result) => Ending,
    isStrands: boolean,
  ): Promise<Result> {
    const step = { title, detail: "", started: performance.now(), picture: 0 };
    this.running = step;
    this.stopShowing = this.animated ? this.draw() : this.log();
    const finish = ({ mark, title: end = title }: Ending): void => {
      if (this.abandoned) return;
      this.stopShowing();
      this.running = undefined;
      if (this.leavesOut(mark)) return;
      const seconds = (performance.now() - step.started) / 1_000;
      this.talk.line([marks[mark], ` ${end} `, dim(`(${formatDuration(seconds)})`)]);
    };
    try {
      const result = await run((detail) => {
        if (!isStrands) this.say(detail);
        step.detail = detail;
      });
      finish(endingOf(result));
      return result;
    } catch (error) {
      finish({ mark: "bad" });
      throw error;
    }
  }

  /** What went well is not said. */
  private leavesOut(mark: Ending["mark"]): boolean {
    return this.manner === "quiet" && mark === "good";
  }

  /** A word of what a step is at, as a line of its own. */
  private say(detail: string): void {
    if (this.manner !== "verbose" || this.abandoned || detail === this.said) return;
    this.said = detail;
    this.talk.line(dim(`  ${detail}`));
  }

  private get animated(): boolean {
    return this.manner === "usual" && this.io.isTerminal.error && this.io.environment["TERM"] !== "dumb";
  }

  private draw(): () => void {
    const paint = (): void => {
      const { running } = this;
      if (running === undefined) return;
      const picture = wheel[running.picture % wheel.length] ?? "";
      running.picture += 1;
      const text = running.detail === "" ? running.title : `${running.title}: ${running.detail}`;
      const line = this.redactor.redact(render(shorten(text, this.io.columns() - 3), this.colours));
      this.io.writeError(`\r\u001b[K${picture} ${line}`);
    };
    this.io.writeError("\u001b[?25l");
    paint();
    const timer = setInterval(paint, turn);
    return () => {
      clearInterval(timer);
      this.io.writeError("\r\u001b[K\u001b[?25h");
    };
  }

  private log(): () => void {
    const { running } = this;
    if (running === undefined || this.manner === "quiet") return () => undefined;
    this.talk.line(`${running.title} …`);
    if (this.manner === "verbose") return () => undefined;
    let shown = "";
    const timer = setInterval(() => {
      if (running.detail === shown) return;
      shown = running.detail;
      this.talk.line(`  ${running.detail}`);
    }, quietLog);
    return () => clearInterval(timer);
  }
}

/** Progress of one strand among several. */
class StrandProgress extends Progress {
  constructor(
    private readonly show: ShowStep,
    ...display: ConstructorParameters<typeof Progress>
  ) {
    super(...display);
  }

  override step: ShowStep = (title, run, endingOf) => this.show(title, run, endingOf);
}
