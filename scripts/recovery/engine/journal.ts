import { readFileSync } from "node:fs";
import * as z from "zod";
import { shellQuote } from "../../machine/shell-quote";
import { writeDurably } from "../../machine/durable-file";
import { messageOf } from "../../machine/error-code";
import {
  type JournalContents,
  type OperationState,
  type StepRecord,
  journalSchema,
  journalVersion,
} from "./journal-contents";
import type { Facts, StepResult } from "./step";

/** A journal that cannot be read: damaged, or written by another version of Lifeboat. */
export class JournalError extends Error {
  override readonly name = "JournalError";

  constructor(
    readonly path: string,
    cause: string,
    /** What to do next. */
    readonly hint = `if you are sure that nothing is half done, move it away: mv ${shellQuote(path)} ${shellQuote(`${path}.unreadable`)}`,
  ) {
    super(`Unable to read journal ${path}: ${cause}`);
  }
}

/** Seconds since 1970, with fractions. Injected so that tests own the time. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now() / 1000;

/**
 * The record of one operation, in one file. Each change is on disk before its method returns, so that a process killed
 * at any moment leaves behind what it had done and what it had just begun.
 */
export class Journal {
  private constructor(
    readonly path: string,
    private current: JournalContents,
    private readonly clock: Clock,
  ) {}

  /** Begins a journal: its first version is on disk before any step runs. */
  static create(path: string, contents: JournalContents, clock: Clock = systemClock): Journal {
    const journal = Journal.planned(path, contents, clock);
    journal.write({});
    return journal;
  }

  /** A journal that is not on disk yet: its first change puts it there. */
  static planned(path: string, contents: JournalContents, clock: Clock = systemClock): Journal {
    return new Journal(path, contents, clock);
  }

  /** Reads a journal. Throws `JournalError`. */
  static open(path: string, clock: Clock = systemClock): Journal {
    return new Journal(path, readJournal(path, journalSchema), clock);
  }

  get contents(): JournalContents {
    return this.current;
  }

  /** Working time in seconds: pauses between an interruption and the next run do not count. */
  get seconds(): number {
    return Object.values(this.current.steps).reduce((sum, { seconds = 0 }) => sum + seconds, 0);
  }

  record(stepPath: string): StepRecord | undefined {
    return this.current.steps[stepPath];
  }

  factsOf(stepPath: string): Facts {
    return this.record(stepPath)?.facts ?? {};
  }

  /** Facts of an earlier attempt stay: they tell what that attempt had asked the node for. */
  stepStarted(stepPath: string): void {
    const earlier = this.record(stepPath);
    this.writeStep(stepPath, {
      state: "started",
      startedAt: isoTime(this.clock()),
      facts: earlier?.facts ?? {},
      findings: [],
    });
  }

  /** Adds facts to a step that runs. */
  stepNoted(stepPath: string, facts: Facts): void {
    const record = this.begun(stepPath);
    this.writeStep(stepPath, { ...record, facts: { ...record.facts, ...facts } });
  }

  stepDone(stepPath: string, result: StepResult | undefined): void {
    const record = this.begun(stepPath);
    this.writeStep(stepPath, {
      ...record,
      ...this.ending(record),
      state: "done",
      facts: { ...record.facts, ...result?.facts },
      findings: [...(result?.findings ?? [])],
    });
  }

  /** A step that an earlier process began turned out to be done. How long it took is not known. */
  stepFound(stepPath: string, result: StepResult): void {
    const { seconds: _seconds, ...record } = this.begun(stepPath);
    this.writeStep(stepPath, {
      ...record,
      finishedAt: isoTime(this.clock()),
      state: "done",
      facts: { ...record.facts, ...result.facts },
      findings: [...(result.findings ?? [])],
    });
  }

  stepFailed(stepPath: string, error: string): void {
    const record = this.begun(stepPath);
    this.writeStep(stepPath, { ...record, ...this.ending(record), state: "failed", error });
  }

  stepTakenBack(stepPath: string): void {
    this.writeStep(stepPath, { ...this.begun(stepPath), state: "taken-back" });
  }

  /** Changes the state of the whole operation. */
  setState(state: OperationState): void {
    this.write({ state });
  }

  private begun(stepPath: string): StepRecord {
    const record = this.record(stepPath);
    if (record === undefined) throw new Error(`Step '${stepPath}' is not in the journal ${this.path}.`);
    return record;
  }

  private ending(record: StepRecord): Pick<StepRecord, "finishedAt" | "seconds"> {
    const now = this.clock();
    return { finishedAt: isoTime(now), seconds: Math.max(0, now - Date.parse(record.startedAt) / 1000) };
  }

  private writeStep(stepPath: string, record: StepRecord): void {
    this.write({ steps: { ...this.current.steps, [stepPath]: record } });
  }

  private write(change: Partial<JournalContents>): void {
    this.current = { ...this.current, ...change, updatedAt: isoTime(this.clock()) };
    writeDurably(this.path, journalText(this.current));
  }
}

/** True while the same command would resume it. */
export function isOpen({ contents: { state } }: Pick<Journal, "contents">): boolean {
  return state === "open" || state === "taking-back";
}

export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** How a journal stands in its file. */
export function journalText(contents: unknown): string {
  return `${JSON.stringify(contents, undefined, 2)}\n`;
}

/** Reads a file of the state folder. @throws JournalError */
export function readJournal<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new JournalError(path, messageOf(error));
  }
  const result = schema.safeParse(parsed);
  if (result.success) return result.data;
  const { version } = z
    .looseObject({ version: z.number().catch(journalVersion) })
    .catch({ version: journalVersion })
    .parse(parsed);
  if (version > journalVersion) {
    const cause = `a newer Lifeboat wrote it (format ${String(version)}; this one reads ${String(journalVersion)})`;
    throw new JournalError(path, cause, "resume it with that version: lifeboat --version tells which one this is");
  }
  const [issue] = result.error.issues;
  throw new JournalError(path, `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "unknown form"}`);
}
