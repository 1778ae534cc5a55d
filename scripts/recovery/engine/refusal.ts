import { failureOf } from "../../clients/failure";
import type { ExitCode } from "../../terminal/exit-codes";
import type { Refusal } from "./batch";

/** Why something is refused. @throws the error itself where it is a defect */
export function refusalOf(subject: string, error: unknown): Refusal {
  const { exitCode, reason, hint, stack } = failureOf(error, undefined);
  if (stack !== undefined) throw error;
  return { subject, exitCode, message: reason, ...(hint === undefined ? {} : { hint }) };
}

/** The code that all have; undefined where they differ. */
export function codeOfAll(results: readonly { readonly exitCode: ExitCode }[]): ExitCode | undefined {
  const [first, ...others] = results;
  return others.every(({ exitCode }) => exitCode === first?.exitCode) ? first?.exitCode : undefined;
}
