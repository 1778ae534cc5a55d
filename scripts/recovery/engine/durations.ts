import type { JournalContents } from "./journal-contents";
import type { Estimate } from "./step";
import { siteNumber, type SubjectKey } from "./subject";

/**
 * How long a step took when it last succeeded on this machine: the journals are the measurements. Steps that work
 * through data note its size as the fact `bytes`, so that a rate is known for another size.
 */
export interface PastRuns {
  /** Seconds of the newest successful run of the step for this subject. */
  last(stepPath: string): Estimate | undefined;
  /** From the rate of the newest successful run of the step for any guest of the site. */
  byRate(stepPath: string, bytes: number): Estimate | undefined;
}

/** @param journals of subjects of one kind, newest first. */
export function pastRuns(journals: readonly JournalContents[], subject: SubjectKey): PastRuns {
  return {
    last(stepPath) {
      const measured = newest(
        journals.filter((journal) => isAbout(journal, subject)),
        stepPath,
        () => true,
      );
      return measured && { seconds: measured.seconds, basis: `as on ${measured.day}` };
    },
    byRate(stepPath, bytes) {
      const measured = newest(journals, stepPath, (run) => run.bytes !== undefined && run.bytes > 0);
      if (measured?.bytes === undefined) return undefined;
      const seconds = (measured.seconds * bytes) / measured.bytes;
      return { seconds, basis: `from its size, at the rate of ${measured.day}` };
    },
  };
}

function isAbout({ guest }: JournalContents, subject: SubjectKey): boolean {
  switch (subject.kind) {
    case "guest":
      return guest?.id === subject.id;
    case "node":
      return guest?.id === subject.number;
    case "site":
      return guest?.id === siteNumber;
    case "stack":
      return true;
  }
}

interface Measured {
  readonly seconds: number;
  readonly bytes: number | undefined;
  readonly day: string;
}

function newest(
  journals: readonly JournalContents[],
  stepPath: string,
  accepts: (run: Measured) => boolean,
): Measured | undefined {
  for (const { steps } of journals) {
    const record = steps[stepPath];
    if (record?.state !== "done" || record.seconds === undefined) continue;
    const bytes = record.facts["bytes"];
    const run: Measured = {
      seconds: record.seconds,
      bytes: typeof bytes === "number" ? bytes : undefined,
      day: record.startedAt.slice(0, 10),
    };
    if (accepts(run)) return run;
  }
  return undefined;
}
