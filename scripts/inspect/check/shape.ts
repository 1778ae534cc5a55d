import * as z from "zod";
import { exitCode, seconds } from "../../terminal/shapes";

const kinds = [
  ...(["settings", "node", "rights", "job", "uncovered", "guest", "data", "state"] as const),
  ...(["state-copy", "offsite", "monitoring", "drill", "journal"] as const),
] as const;

const verdict = z
  .enum(["ok", "warning", "problem", "unknown", "none"])
  .describe("`unknown`: it could not be looked at, which counts as a problem; `none`: the settings have no such thing");

const liveCheck = z.strictObject({
  check: z.string().describe("as the settings write it: `tcp:80`"),
  passed: z.boolean(),
  reason: z.string().nullable().describe("why it did not pass, or was not made"),
  seconds: seconds("how long it took"),
});

/** `lifeboat check --json` */
export const checkShape = z.strictObject({
  ok: z.boolean(),
  exitCode,
  summary: z.strictObject({
    ok: z.number(),
    warnings: z.number(),
    problems: z.number(),
    unknown: z.number().describe("subjects that could not be looked at"),
  }),
  subjects: z.array(
    z.strictObject({
      environment: z.string().nullable().describe("null: it is the site's"),
      kind: z.enum(kinds),
      subject: z.string(),
      verdict,
      found: z.string().describe("one line"),
      checks: z.array(liveCheck).optional().describe("of guests: the checks that a restore of it would make"),
      problems: z.array(
        z.strictObject({
          text: z.string(),
          next: z.string().nullable().describe("command that goes on from here; null: the text says what to do"),
        }),
      ),
    }),
  ),
});
