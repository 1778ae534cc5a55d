import { environmentOf } from "../../../site/plain-pulumi";
import type * as z from "zod";
import type { findingShape } from "../engine/shapes";
import type { Finding } from "../engine/step";

/**
 * What an operation within the recovery has found that somebody has to know: its notes are about itself, and what is to be done
 * with Pulumi about a stack that is brought up behind it, and checked, is done then.
 *
 * @param later names of those stacks
 * @param subject put before each, where the texts do not name it
 */
export function findingsWithin(
  findings: readonly z.infer<typeof findingShape>[],
  later: readonly string[] = [],
  subject?: string,
): Finding[] {
  return findings
    .filter(({ severity, mend }) => severity !== "note" && !later.includes(environmentOf(mend ?? "") ?? ""))
    .map(({ severity, text, mend }) => ({
      severity,
      text: subject === undefined ? text : `${subject}: ${text}`,
      ...(mend === undefined ? {} : { mend }),
    }));
}
