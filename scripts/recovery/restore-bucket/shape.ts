import * as z from "zod";
import { bytes, exitCode, milliseconds } from "../../terminal/shapes";

const unread = z
  .array(z.strictObject({ key: z.string(), why: z.string() }))
  .describe("what the mirror does not have, since nobody could read it");

const base = {
  bucket: z.string().describe("`prod/uploads`"),
  into: z.string().describe("the bucket that gets it"),
  list: z.string().describe("the list by which it is restored: `2026-11-23-041500Z`"),
  time: milliseconds("when that was made"),
  doubts: z.array(z.string()).describe("what somebody has done to that list since it was written"),
  later: z.array(z.string()).describe("lists that are dated later than this machine's clock, and are not chosen"),
  whole: z.boolean().describe("the bucket is empty, and gets every version; false: what a read got"),
  same: z.number().describe("objects that are there already as they should be"),
  others: z.number().describe("objects that the list does not have: they stay"),
  unread,
};

const plan = z.strictObject({
  ...base,
  put: z.strictObject({
    versions: z.number(),
    bytes: bytes("of them"),
    over: z.number().describe("that replace something"),
  }),
  keepsVersions: z.boolean().describe("the bucket keeps what is replaced"),
});

const report = z.strictObject({
  exitCode,
  ...base,
  put: z.strictObject({ versions: z.number(), bytes: bytes("of them") }),
  failed: z.array(z.strictObject({ key: z.string(), why: z.string() })),
});

/** `lifeboat restore bucket --json` */
export const restoreBucketShapes = { plan: z.strictObject({ plan }), report };
