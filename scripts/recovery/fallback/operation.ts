import { pulumiLine } from "../../../site/plain-pulumi";
import { plainText } from "../../../proxmox/api/plain-text";
import { formatAgo, formatBytes, formatDuration, formatMoment } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import type { GivenAnswers } from "../engine/consent";
import type { Finding } from "../engine/step";
import type { StackSession } from "../engine/session";
import { compareState } from "../steps/state/compare-state";
import type { CopyPlace } from "../steps/state/copies/copy-places";
import type { Operation } from "../engine/operation";
import { type FallbackPlan, fallbackKind, fallbackPlanSchema } from "./plan";
import { lookAgainAtState } from "../steps/state/look-again";
import { fallbackSteps, statePath } from "./steps";
import { planFallback, whyOtherFallback } from "./make-plan";
import type { LiveAndLocal } from "../steps/state/live-and-local";
import { printFinding } from "../engine/print-finding";

export interface FallbackRequest {
  /** What the command line says for the place of the copy. */
  readonly from: string | undefined;
  readonly given: GivenAnswers;
  readonly command: string;
}

/** The store does not answer: the newest copy becomes the live state on this machine (E4). */
export function fallbackOperation(
  session: StackSession,
  states: LiveAndLocal,
  place: CopyPlace,
  { from, given, command }: FallbackRequest,
): Operation<FallbackPlan> {
  const copy = { place: states.local.place, store: place.of(session.selector) };
  const isOwner = states.siteStore.environment.name === session.selector;
  const comparePulumi = async (signal: AbortSignal): Promise<Finding[]> =>
    isOwner ? [withoutBuckets(session.selector)] : compareState(session, signal);
  return {
    kind: fallbackKind,
    name: `fallback of ${session.selector}`,
    schema: fallbackPlanSchema,
    request: { from: from ?? "" },
    command,
    given,
    plan: async () => {
      const planned = await planFallback(session, states, place, from);
      return { ...planned, view: { value: { ...planned.plan }, print: (lines) => printPlan(planned.plan, lines) } };
    },
    steps: (plan, begun) => fallbackSteps(plan, { states, copy, comparePulumi }, begun),
    report: (plan, journal, findings) => {
      const { environment } = plan;
      const goBack = `lifeboat state return ${environment}`;
      return {
        value: { environment, state: "local", copy: plan.copy, return: goBack },
        print: (lines) => {
          lines.heading(`The state of ${environment} is on this machine now (${formatDuration(journal.seconds)})`);
          for (const finding of findings) printFinding(finding, lines);
          lines.line(`Plain pulumi works with it: eval "$(lifeboat env ${environment})"`);
          lines.line(`When the store answers again: ${goBack}`);
        },
      };
    },
    lookAgain: (plan, open) =>
      lookAgainAtState(open, statePath, async () =>
        whyOtherFallback(plan, (await planFallback(session, states, place, from)).plan),
      ),
    meaning: ({ environment }, { position }) => ({
      text: `the state of ${environment} is ${position === "committed" ? "on this machine" : "where it was"}.`,
    }),
  };
}

/** The stack that makes the store has its buckets in its state, and they cannot be read now. */
function withoutBuckets(environment: string): Finding {
  return {
    severity: "note",
    text: `buckets and identities of the store cannot be read or changed until it answers; what else ${environment} declares can be, without them`,
    mend: pulumiLine(environment, "up", "LIFEBOAT_STATE_STORE=apart"),
  };
}

function printPlan(plan: FallbackPlan, lines: Lines): void {
  const { environment, fromName, copy, staleSince, store, answers } = plan;
  lines.heading(`Plan: ${environment} goes on with a copy of its state on this machine`);
  lines.hanging("  store:  ", `${store} ${answers ? "ANSWERS" : "does not answer"}`);
  lines.hanging("  copy:   ", `${fromName}, ${copyAge(copy)}, ${formatBytes(copy.size)}`);
  lines.hanging("  state:  ", stateText(copy));
  if (copy.duringUpdate)
    lines.hanging("  CARE:   ", "an update was at work when it was copied: it may be from its middle");
  if (staleSince !== undefined) {
    lines.hanging(
      "  lost:   ",
      `what came after the copy: the store was last seen with a state of ${formatMoment(staleSince)}`,
    );
  }
}

function copyAge({ time }: FallbackPlan["copy"]): string {
  if (time === undefined) return "nobody knows of when";
  return `of ${formatMoment(time)} (${formatAgo(Math.max(0, Date.now() - time) / 1_000)})`;
}

function stateText({ made, update }: FallbackPlan["copy"]): string {
  const when = made === undefined ? "of an unknown time" : `of ${formatMoment(made)}`;
  if (update === undefined) return `${when}; no update is known`;
  const message = update.message === "" ? "" : `: ${plainText(update.message)}`;
  return `${when}, after ${update.kind} (${update.result})${message}`;
}
