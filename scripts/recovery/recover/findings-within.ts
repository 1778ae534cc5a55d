import type * as z from "zod";
import type { findingShape } from "../engine/shapes";
import type { Finding } from "../engine/step";

/**
 * What an operation within the recovery has found that somebody has to know: its notes are about itself.
 *
 * @param subject put before each, where the texts do not name it
 */
export function findingsWithin(findings: readonly z.infer<typeof findingShape>[], subject?: string): Finding[] {
  return findings
    .filter(({ severity }) => severity !== "note")
    .map(({ severity, text, mend }) => ({
      severity,
      text: subject === undefined ? text : `${subject}: ${text}`,
      ...(mend === undefined ? {} : { mend }),
    }));
}
