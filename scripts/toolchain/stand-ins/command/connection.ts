import * as z from "zod";
import { refusals, text, whole } from "./command-inputs";
import type { Problem } from "./resource";
import { asRecord, secret, unknownValue, type Properties } from "./values";

/** How another machine is reached over SSH. */
export const connectionSchema = z.strictObject({
  host: text,
  port: whole,
  user: text,
  privateKey: text,
  hostKey: text,
  agentSocketPath: text,
  dialErrorLimit: whole,
  perDialTimeout: whole,
});

export type Connection = z.infer<typeof connectionSchema>;

// The system's ssh takes a password or passphrase from a terminal only.
const refused = ["password", "privateKeyPassword", "proxy"];

const defaults = { user: "root", port: 22, dialErrorLimit: 10, perDialTimeout: 15 };

/** Problems of a connection with what the stand-in cannot do, the connection without it, and as an input with its defaults. */
export function checkConnection(value: unknown): { connection: unknown; rest: unknown; problems: readonly Problem[] } {
  const connection = asRecord(value);
  if (value === unknownValue) {
    // One part that a preview does not know makes a secret of several parts unknown.
    return { connection: value, rest: {}, problems: [] };
  }
  if (!connection) {
    return { connection: secret(value), rest: value, problems: [] };
  }
  const rest = Object.fromEntries(Object.entries(connection).filter(([name]) => !refused.includes(name)));
  const missing: Problem[] =
    connection["host"] === undefined ? [{ property: "connection.host", reason: "it is required" }] : [];
  const problems = refusals(connection, refused).map((problem) => ({
    ...problem,
    property: `connection.${problem.property}`,
  }));
  return { connection: secret(withDefaults(connection)), rest, problems: [...missing, ...problems] };
}

function withDefaults(connection: Properties): Properties {
  return { ...defaults, ...connection };
}
