import * as z from "zod";
import { exitCode } from "../../terminal/shapes";

/** `lifeboat init --json` */
export const initShape = z.strictObject({
  environment: z.string(),
  file: z.string().describe("the settings"),
  written: z.array(z.string()).describe("files that were made, absolute; empty: the settings were there already"),
  doctor: z.strictObject({ ok: z.boolean(), exitCode }),
  adopted: z.array(z.strictObject({ name: z.string().describe("its key in the settings"), id: z.number() })),
  unnamed: z.number().describe("guests on the nodes that no settings name"),
  next: z.array(z.string()).describe("what is left to be done, as lines for a shell"),
});
