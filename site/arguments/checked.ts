import type { ZodError } from "zod";
import { problemsOf } from "../settings/parse-settings";
import type { Problem } from "../settings/problem";
import type { Schema } from "../settings/schema-tools";

/**
 * Arguments of components: what somebody's own program says in code. They are written as in the settings, and checked by
 * the settings' own schemas.
 */

/** Arguments by name, as they were written. */
export type RawArguments = Readonly<Record<string, unknown>>;

/** What arguments declare. */
export interface Declared<Inputs> {
  /** What the provider's resource is given. */
  readonly inputs: Inputs;
  /** Pulumi's `protect`, for what has it. */
  readonly protect?: boolean;
}

export type Checked<Value> =
  { readonly ok: true; readonly declared: Value } | { readonly ok: false; readonly problems: readonly Problem[] };

/** How the arguments of a component become what the provider's resource is given. */
export interface ArgumentRules<Inputs extends object> {
  readonly check: (raw: RawArguments) => Checked<Declared<Inputs>>;
  /**
   * By argument: the inputs that are computed from it, and from it alone or together with others. These wait for an
   * argument that is not known yet, and no others do. What is not listed has to be known when the program runs.
   */
  readonly uses: Readonly<Record<string, readonly string[]>>;
  /** Arguments that may hold outputs, and be none as a whole: what is in them decides more than inputs. */
  readonly outlines?: readonly string[];
  /**
   * Stands for arguments that are not known yet, while inputs are computed that do not depend on them. It has whatever the
   * schema needs, and whatever decides that there is such an input.
   */
  readonly samples: RawArguments;
}

/**
 * Checks raw arguments and computes what is declared by them.
 */
export function checkBy<Entry, Value>(
  schema: Schema<Entry>,
  raw: RawArguments,
  declare: (entry: Entry) => Value,
): Checked<Value> {
  const result = schema.safeParse(raw);
  return result.success ? { ok: true, declared: declare(result.data) } : refused(result.error, raw);
}

function refused(error: ZodError, raw: RawArguments): Checked<never> {
  return { ok: false, problems: problemsOf(error, raw) };
}
