import * as z from "zod";
import { bytes, milliseconds } from "../../terminal/shapes";

const badState = z.strictObject({
  key: z.string(),
  versionId: z.string().nullable(),
  modified: milliseconds("when it was written"),
  problems: z.array(z.string()),
});

/** `lifeboat verify --state --json` */
export const statesShape = z.strictObject({
  good: z.boolean(),
  stacks: z.array(
    z.union([
      z.strictObject({
        environment: z.string(),
        where: z.string().describe("the backend"),
        checked: z.number().describe("states that were read, each version by itself"),
        copies: z.number().describe("objects that are, byte by byte, one that was read"),
        bytes: bytes("read"),
        bad: z.array(badState),
        lost: z.boolean().describe("the present state is gone, though it was there"),
        notOpened: z.array(z.string()).describe("why nothing was proven about secrets"),
      }),
      z.strictObject({ environment: z.string(), error: z.string() }),
    ]),
  ),
});
