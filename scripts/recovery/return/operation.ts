import { formatDuration } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import type { GivenAnswers } from "../engine/consent";
import type { Finding } from "../engine/step";
import type { StackSession } from "../engine/session";
import { archiveLocal } from "../steps/state/archive-local";
import { compareState } from "../steps/state/compare-state";
import { copyFindings } from "../steps/state/copies/copy-states";
import { rememberSeen } from "../steps/state/seen-state";
import type { LiveAndLocal } from "../steps/state/live-and-local";
import type { Operation } from "../engine/operation";
import { changedInputs } from "../engine/digest";
import { lookAgainAtState } from "../steps/state/look-again";
import { inputsNow, type Keep, planReturn } from "./make-plan";
import { type ReturnPlan, returnKind, returnPlanSchema } from "./plan";
import { commitOf, returnSteps, type ReturnWorld } from "./steps";
import { printFinding } from "../engine/print-finding";

export interface ReturnRequest {
  readonly keep: Keep | undefined;
  readonly given: GivenAnswers;
  readonly command: string;
}

/** The end of a fallback: the store's state is the live one again, and nothing is lost (E4). */
export function returnOperation(
  session: StackSession,
  states: LiveAndLocal,
  { keep, given, command }: ReturnRequest,
): Operation<ReturnPlan> {
  const { environment, context, state } = session;
  const world: ReturnWorld = {
    states,
    archive: (time) => archiveLocal(environment, context.io.environment, time),
    remember: ({ object, sha256 }) => rememberSeen(state, object, sha256),
    copy: () => copyFindings([environment], context),
    comparePulumi: (signal) => compareState(session, signal),
  };
  return {
    kind: returnKind,
    name: `return of ${session.selector}`,
    schema: returnPlanSchema,
    request: { keep: keep ?? "" },
    command,
    given,
    plan: async () => {
      const planned = await planReturn(session, states, keep);
      return { ...planned, view: { value: { ...planned.plan }, print: (lines) => printPlan(planned.plan, lines) } };
    },
    steps: (plan, begun) => returnSteps(plan, world, begun),
    report: (plan, journal, findings) => {
      const archive = journal.factsOf("archive")["archive"];
      const value = {
        environment: plan.environment,
        state: "store",
        moved: plan.moved,
        kept: plan.kept ?? null,
        archive,
      };
      return { value, print: (lines) => printReport(plan, String(archive), journal.seconds, findings, lines) };
    },
    lookAgain: (plan, open) =>
      lookAgainAtState(open, commitOf(plan), async () => {
        const different = changedInputs(open.contents.inputs, await inputsNow(states));
        return different.length === 0 ? undefined : `${different.join(" and ")} changed since`;
      }),
    meaning: ({ environment: name, keep: side }, { position }) => {
      if (position !== "committed") return { text: `the state of ${name} is on this machine.` };
      return { text: `the store has the state of ${name}${side === "local" ? ", or is about to" : ""}.` };
    },
  };
}

const movedWords: Readonly<Record<ReturnPlan["moved"], string>> = {
  neither: "neither side has changed since the fallback",
  local: "only the state on this machine has changed since the fallback",
  store: "only the state in the store has changed since the fallback",
  both: "BOTH have changed since the fallback",
};

function printPlan({ environment, moved, keep, kept, difference, store, unusable }: ReturnPlan, lines: Lines): void {
  lines.heading(`Plan: the state of ${environment} lives in the store again`);
  lines.hanging("  store:  ", store);
  if (unusable !== undefined)
    lines.hanging("  CARE:   ", `what it has now cannot be used, and makes room: ${unusable}`);
  lines.hanging("  moved:  ", movedWords[moved]);
  lines.hanging("  lives:  ", keep === "local" ? "the state on this machine, in the store" : "the state in the store");
  if (kept !== undefined) lines.hanging("  kept:   ", `the other, as restore point ${kept.id}`);
  for (const line of difference) lines.hanging("  ", line);
}

function printReport(
  { environment, keep, kept }: ReturnPlan,
  archive: string,
  seconds: number,
  findings: readonly Finding[],
  lines: Lines,
): void {
  const which = keep === "local" ? ", as it became on this machine" : "";
  lines.heading(`The state of ${environment} lives in the store again${which} (${formatDuration(seconds)})`);
  for (const finding of findings) printFinding(finding, lines);
  if (kept !== undefined) lines.line(`To go to the other state: lifeboat restore state ${environment} --to ${kept.id}`);
  lines.line(`What was on this machine is put away: ${archive}`);
}
