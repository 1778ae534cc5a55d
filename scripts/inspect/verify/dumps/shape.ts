import * as z from "zod";
import { bytes, moment } from "../../../terminal/shapes";

const dump = z.strictObject({
  dump: z.string().describe("its name, as `restore database --dump` takes it"),
  time: moment("when it was made"),
  bytes: bytes("as it lies there"),
  encrypted: z.boolean().describe("its files were read, and not opened: the identity is not in the guest"),
  result: z.enum(["whole", "damaged", "unseen"]),
  problem: z.string().nullable().describe("what is wrong with it, or why it could not be read"),
});

/** Dumps of one source that were verified. */
export const sourceDumpsShape = z.strictObject({
  environment: z.string(),
  guest: z.string(),
  source: z.string(),
  unseen: z.string().nullable().describe("why nobody could look; then there are no dumps"),
  dumps: z.array(dump).describe("newest first"),
  missing: z.array(moment("a run whose dump the retention would keep, and that is not there")),
});

export const dumpsShape = z.array(sourceDumpsShape);
