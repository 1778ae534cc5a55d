import * as z from "zod";

/** `lifeboat env --json` */
export const variablesShape = z.strictObject({
  environment: z.string(),
  variables: z.record(z.string(), z.string()).describe("to export, in this order; none is a secret"),
  backend: z
    .enum(["PULUMI_BACKEND_URL", "Pulumi.yaml", "state store", "local state", "last login", "default"])
    .describe("why the state is where it is"),
  notes: z.array(z.string()).describe("what is missing or worth knowing"),
});
