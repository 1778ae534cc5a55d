import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { type Demand, type GivenAnswers, flagOf, settle } from "./consent";
import { questionerOf } from "./session";
import type { CommandContext } from "../../project/context";

/** The plan's own question. Its answer is missing, not refused: a script forgot a flag. */
export const forceFlag = "--force";

/**
 * Wants every demand answered, by flag or by question.
 *
 * @returns whether somebody was asked: an answer may come hours after what it is about was looked at
 * @throws CommandError 13 when a loss is not accepted; 2 when only the plan's own question has no answer.
 */
export async function confirm(
  demands: readonly Demand[],
  given: GivenAnswers,
  context: CommandContext,
): Promise<boolean> {
  const consent = await settle(demands, given, questionerOf(context));
  if (consent.kind === "given") return consent.isAsked;
  if (consent.kind === "refused") {
    throw new CommandError("you answered no; nothing was changed", { exitCode: exitCodes.refused });
  }
  const flags = consent.demands.map(flagOf).join(" ");
  if (consent.demands.every(({ flag }) => flag === forceFlag)) {
    throw usageError("nobody is there to confirm the plan; nothing was changed", `add ${flags} to confirm it`);
  }
  const losses = consent.demands.filter(({ flag }) => flag !== forceFlag);
  throw new CommandError(`${losses.map(({ reason }) => reason).join("; ")}; nothing was changed`, {
    exitCode: exitCodes.refused,
    hint: `add ${flags} if that is what you want`,
    details: { missing: consent.demands.map(flagOf) },
  });
}
