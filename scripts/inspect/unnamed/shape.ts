import * as z from "zod";
import { candidateShape } from "../../recovery/adopt/shape";

/** `lifeboat adopt --json`, without an id */
export const unnamedShape = z.strictObject({
  guests: z.array(candidateShape),
  unknown: z.array(z.strictObject({ endpoint: z.string(), message: z.string() })).describe("who could not be asked"),
});
