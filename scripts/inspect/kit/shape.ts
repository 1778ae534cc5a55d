import * as z from "zod";
import { exitCode, isoMoment } from "../../terminal/shapes";

const parts = {
  exitCode,
  madeAt: isoMoment("when it was made"),
  site: z.string().describe("SHA-256 of the settings that it was made of"),
  environments: z.array(z.string()),
  notInIt: z.array(z.string()).describe("what is missing in it, and why"),
  unkept: z.array(z.string()).describe("secrets of which the settings do not say where a copy is kept"),
};

/** `lifeboat kit --json` */
export const kitShape = z.strictObject({ ...parts, text: z.string().describe("the page itself") });

/** `lifeboat kit --out FILE --json` */
export const writtenKitShape = z.strictObject({
  ...parts,
  file: z.string(),
  sha256: z.string(),
  encrypted: z.boolean(),
  program: z.boolean().describe("the program is in it"),
  secrets: z.boolean().describe("secrets are in it"),
});
