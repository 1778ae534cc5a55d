import * as z from "zod";
import type { Problem } from "./resource";
import { asRecord, reveal, unknownValue, type Properties } from "./values";

/** In a preview any value may be one that is not known yet; a run never sees one. */
function known<T>(schema: z.ZodType<T>) {
  return z.union([schema, z.literal(unknownValue).transform(() => undefined)]);
}

export const text = known(z.string()).optional();
export const texts = known(z.array(known(z.string()))).optional();
export const whole = known(z.int()).optional();

/** Inputs that commands here and on other machines have in common. */
export const commonInputs = {
  create: text,
  update: text,
  delete: text,
  stdin: text,
  environment: known(z.record(z.string(), known(z.string()))).optional(),
  triggers: known(z.array(z.unknown())).optional(),
  logging: known(z.enum(["stdout", "stderr", "stdoutAndStderr", "none"])).optional(),
  addPreviousOutputInEnv: known(z.boolean()).optional(),
};

export interface CommonInputs {
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  readonly logging?: "stdout" | "stderr" | "stdoutAndStderr" | "none" | undefined;
  readonly addPreviousOutputInEnv?: boolean | undefined;
}

/** Everything that a schema does not like, one problem for each place. */
export function problemsOf(schema: z.ZodType, inputs: Properties): Problem[] {
  const { error } = schema.safeParse(reveal(inputs));
  return (error?.issues ?? []).map((issue) => ({ property: issue.path.join("."), reason: issue.message }));
}

/** Inputs that the official provider has and a stand-in has not. */
export function refusals(inputs: Properties, names: readonly string[]): Problem[] {
  return names
    .filter((name) => inputs[name] !== undefined && inputs[name] !== null)
    .map((name) => ({ property: name, reason: `the stand-in for the command provider does not implement "${name}"` }));
}

/** What the previous run wrote, for the environment of the next; empty outputs are left out. */
export function previousOutputs(inputs: CommonInputs, state: Properties): NodeJS.ProcessEnv {
  const { stdout, stderr } = asRecord(reveal(state)) ?? {};
  if (inputs.addPreviousOutputInEnv === false) {
    return {};
  }
  return {
    ...(typeof stdout === "string" && stdout !== "" && { PULUMI_COMMAND_STDOUT: stdout }),
    ...(typeof stderr === "string" && stderr !== "" && { PULUMI_COMMAND_STDERR: stderr }),
  };
}

export function loggedStreams({ logging = "stdoutAndStderr" }: CommonInputs): { stdout: boolean; stderr: boolean } {
  return {
    stdout: logging === "stdout" || logging === "stdoutAndStderr",
    stderr: logging === "stderr" || logging === "stdoutAndStderr",
  };
}
