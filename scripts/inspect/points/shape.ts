import * as z from "zod";
import { pointShape } from "../../recovery/steps/state/points-view";

/** `lifeboat restore state --list --json` */
export const pointsShape = z.strictObject({
  environment: z.string(),
  where: z.string().describe("the backend"),
  points: z.array(pointShape).describe("newest first"),
  more: z.boolean().describe("there are older ones, which --all lists"),
  versions: z.boolean().describe("versions of objects are among them"),
  locks: z.array(
    z.strictObject({
      key: z.string(),
      pid: z.number().optional(),
      username: z.string().optional(),
      hostname: z.string().optional(),
      timestamp: z.string().optional().describe("as ISO 8601"),
    }),
  ),
});
