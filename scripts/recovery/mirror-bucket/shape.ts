import * as z from "zod";
import { bytes, exitCode, failureShape } from "../../terminal/shapes";

const base = { bucket: z.string().describe("`prod/uploads`"), from: z.string().describe("what is mirrored") };

/** `lifeboat backup bucket --json` */
export const mirrorShape = z.strictObject({
  exitCode,
  buckets: z.array(
    z.discriminatedUnion("outcome", [
      z.strictObject({
        ...base,
        outcome: z.literal("mirrored"),
        to: z.string().describe("where its folder lies"),
        list: z
          .string()
          .describe("name of the list of all that was there, by which it is restored: `2026-11-23-041500Z`"),
        versioned: z
          .boolean()
          .describe("false: the bucket keeps no versions, and what is replaced between two runs is lost"),
        objects: z.number().describe("that a read gets"),
        versions: z.number().describe("of all objects, marks of deletions included"),
        sent: z.strictObject({ versions: z.number(), bytes: bytes("that did not lie there yet") }),
        unread: z
          .array(z.strictObject({ key: z.string(), versionId: z.string(), why: z.string() }))
          .describe("what is not in the mirror"),
      }),
      z.strictObject({ ...base, outcome: z.literal("failed"), ...failureShape }),
    ]),
  ),
});
