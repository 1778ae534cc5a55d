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

const grant = z.strictObject({
  role: z.string(),
  privileges: z.array(z.string()),
  path: z.string(),
  propagate: z.boolean().describe("it also holds below the path"),
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
      grants: z.array(grant),
      exporter: z
        .strictObject({
          user: z.string(),
          group: z.string().describe("the operator's token may make tokens of its users"),
          grants: z.array(grant),
        })
        .optional()
        .describe("whose tokens the stacks make for the monitoring; absent: the settings ask for none"),
      commands: z.array(z.string()).describe("lines for a shell of root on a node"),
    }),
  ),
});
