import * as z from "zod";
import { exitCode } from "../../terminal/shapes";
import { unavailableKinds } from "./check";

/** `lifeboat doctor --json` */
export const examinationShape = z.strictObject({
  ok: z.boolean(),
  exitCode,
  examinations: z.array(
    z.strictObject({
      name: z.string().describe("an environment, or `this machine`"),
      endpoint: z.string().optional(),
      findings: z.array(
        z.strictObject({
          subject: z.string(),
          verdict: z.enum(["ok", "warning", "problem", "skipped"]),
          text: z.string(),
          hint: z.string().optional(),
          unavailable: z.enum(unavailableKinds).optional().describe("why the node could not be asked"),
        }),
      ),
    }),
  ),
});

/** `lifeboat doctor --print-setup --json` */
export const setupsShape = z.strictObject({
  setups: z.array(
    z.strictObject({
      endpoint: z.string(),
      environments: z.array(z.string()),
      nodes: z.array(z.string()),
      user: z.string(),
      token: z.string().describe("name of the token, without its secret"),
      grants: z.array(
        z.strictObject({
          role: z.string(),
          privileges: z.array(z.string()),
          path: z.string(),
          propagate: z.boolean().describe("it also holds below the path"),
        }),
      ),
      commands: z.array(z.string()).describe("lines for a shell of root on a node"),
    }),
  ),
});
