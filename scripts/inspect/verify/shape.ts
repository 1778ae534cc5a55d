import * as z from "zod";
import { bytes, milliseconds } from "../../terminal/shapes";

const badState = z.strictObject({
  key: z.string(),
  versionId: z.string().nullable(),
  modified: milliseconds("when it was written"),
  problems: z.array(z.string()),
});

const checkedStates = {
  where: z.string().describe("the backend, or where the copy is"),
  checked: z.number().describe("states and entries that were read, each content by itself"),
  copies: z.number().describe("objects that were read and are, byte by byte, one of these"),
  bytes: bytes("read"),
  bad: z.array(badState),
  notOpened: z.array(z.string()).describe("why secrets were not tried, so that nothing is proven about them"),
};

const copyPlaces = z
  .array(
    z.union([
      z.strictObject({
        ...checkedStates,
        problems: z.array(z.string()).describe("what is wrong with the copy as a whole"),
        mend: z.string().describe("the command that copies again"),
      }),
      z.strictObject({ where: z.string(), error: z.string() }),
    ]),
  )
  .describe("places of the settings that hold a copy");

/** `lifeboat verify --state --json` */
export const statesShape = z.strictObject({
  good: z.boolean().describe("nothing is bad or lost; what nobody could try stands in `notOpened`"),
  stacks: z.array(
    z.union([
      z.strictObject({
        environment: z.string(),
        ...checkedStates,
        lost: z.boolean().describe("the present state is gone, though it was there"),
        copyPlaces,
      }),
      z.strictObject({ environment: z.string(), error: z.string(), copyPlaces }),
    ]),
  ),
});
