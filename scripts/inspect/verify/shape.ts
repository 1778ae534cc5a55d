import * as z from "zod";
import { bytes, milliseconds } from "../../terminal/shapes";
import { dumpsShape } from "./dumps/shape";
import { environmentsShape } from "./archives/shape";

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

/** The states that were checked. */
export const statesShape = z.strictObject({
  good: z
    .boolean()
    .describe("nothing is bad or lost, and nothing is left that nobody could try, which stands in `notOpened`"),
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

/** `lifeboat verify --json` */
export const verifyShape = z.strictObject({
  good: z.boolean().describe("nothing is damaged, doubtful, bad, lost or missing, and everything could be looked at"),
  environments: environmentsShape.optional().describe("the archives; absent with --state alone"),
  stacks: statesShape.shape.stacks.optional().describe("the states; absent with --archives alone"),
  dumps: dumpsShape.optional().describe("dumps of data in guests; absent with --archives or --state alone"),
  statesError: z.string().optional().describe("why the states could not be checked at all"),
  interrupted: z.boolean().optional().describe("it was stopped; what is told was found until then"),
});

/** `lifeboat verify --print-node-command --json` */
export const nodeCommandShape = z.strictObject({ program: z.string().describe("its text, for a file on the node") });
