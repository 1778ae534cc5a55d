import { formatDuration } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import type { Demand, GivenAnswers } from "../engine/consent";
import { rotateKeysKind } from "../engine/kinds";
import type { Operation } from "../engine/operation";
import { printFinding } from "../engine/print-finding";
import { forceFlag } from "../engine/settle-demands";
import type { Finding } from "../engine/step";
import { waitForPulumi } from "../steps/state/wait-for-pulumi";
import { planRotation } from "./make-plan";
import { type RotateKeysPlan, rotateKeysPlanSchema, settingsFiles } from "./plan";
import { rotationSteps } from "./steps";
import type { RotationSession } from "./world";

export interface RotationRequest {
  readonly given: GivenAnswers;
  readonly command: string;
}

/** The keys by which an environment's state is reached are replaced, and what had the former ones is shut out (N6). */
export function rotationOperation(
  session: RotationSession,
  { given, command }: RotationRequest,
): Operation<RotateKeysPlan> {
  return {
    kind: rotateKeysKind,
    name: `change of the keys of ${session.selector}`,
    schema: rotateKeysPlanSchema,
    request: {},
    command,
    given,
    plan: async () => {
      const plan = await planRotation(session);
      const view = { value: { ...plan }, print: (lines: Lines) => printPlan(plan, lines) };
      return { plan, demands: [demandOf(plan)], inputs: {}, view };
    },
    steps: (plan) => rotationSteps(plan, session),
    lookAgain: async (_plan, open) => {
      await waitForPulumi(open, session.context);
      return undefined;
    },
    report: (plan, { seconds }, findings) => {
      const value = { ...plan };
      return { value, print: (lines) => printReport(plan, seconds, findings, lines) };
    },
    meaning: ({ environment }, { position }) => ({
      text:
        position === "committed"
          ? `${environment} reaches its state; the former keys open it until this command has ended.`
          : "nothing was changed.",
    }),
  };
}

function demandOf({ environment }: RotateKeysPlan): Demand {
  const question = `Replace the keys of ${environment}? Whoever has only the former ones is shut out.`;
  return { flag: forceFlag, reason: "the plan is not confirmed", question };
}

const roles: Readonly<Record<RotateKeysPlan["keys"][number]["role"], string>> = {
  environment: "the environment's own",
  reader: "of previews, which only reads",
  copier: "of the copies, which reads all states",
};

function printPlan({ environment, endpoint, keys }: RotateKeysPlan, lines: Lines): void {
  lines.heading(`Plan: other keys of ${environment} to the state store at ${endpoint}`);
  for (const { role, former, next, made } of keys) {
    lines.hanging("  key:  ", `${roles[role]}: ${former} becomes ${next}`);
    if (made.length > 0)
      lines.hanging("    CARE:  ", `${former} has made keys for itself, which go: ${made.join(", ")}`);
  }
}

function printReport(plan: RotateKeysPlan, seconds: number, findings: readonly Finding[], lines: Lines): void {
  const { environment, keys } = plan;
  lines.heading(`The former keys of ${environment} open nothing any more (${formatDuration(seconds)})`);
  for (const { former, next, made } of keys) {
    const also = made.length === 0 ? "" : `, and with it ${made.join(", ")}`;
    lines.line(`  ${next} for ${former}${also}`);
  }
  for (const finding of findings) printFinding(finding, lines);
  lines.line(
    `Commit ${settingsFiles(plan)}: other checkouts, and shells with what lifeboat env printed, hold the former keys.`,
  );
  lines.line(
    `Previews elsewhere need the new reader's key: LIFEBOAT_STATE_KEY of the job that previews ${environment}.`,
  );
}
