import * as pulumi from "@pulumi/pulumi";

/**
 * The end of a program that the user can mend: Pulumi prints the message and no stack trace.
 *
 * The stack is cut because Pulumi formats it although it never shows it, and Node 20's `util.inspect` runs in circles for
 * 15 seconds over Pulumi's own frames, whose source maps say `node_modules/@pulumi/resource.ts`.
 */
export function refusal(message: string): pulumi.RunError {
  const error = new pulumi.RunError(message);
  error.stack = `RunError: ${message}`;
  // Where an input waits for an argument, Pulumi writes `error serializing property "…"` before the message, once for each
  // level that it unwinds: names of the provider's that the user never wrote.
  Object.defineProperty(error, "message", { get: () => message, set: () => {} });
  return error;
}
