import { formatAgo, formatDuration, formatMoment } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import type { GivenAnswers } from "../engine/consent";
import type { Journal } from "../engine/journal";
import type { Finding } from "../engine/step";
import type { Operation } from "../engine/operation";
import { lastingHealth } from "../../project/store-health";
import { copiesNow, lookAtGuest, planRebuild } from "./make-plan";
import { outdatedRebuild } from "./outdated";
import { waitForPulumi } from "../steps/state/wait-for-pulumi";
import { mappingText } from "../../../site/replaced-node/node-mapping";
import { rebuildKind, type RebuildPlan, rebuildPlanSchema, type RebuiltEnvironment } from "./plan";
import { proofPath, rebuildSteps } from "./steps";
import type { RebuildSession } from "./world";
import { printFinding } from "../engine/print-finding";

export interface RebuildRequest {
  readonly given: GivenAnswers;
  readonly command: string;
}

/** Seconds within which a store has to be there again (L3). */
const target = 600;

/** The store is gone, or broken: it is made again and gets the states back (F1). */
export function rebuildOperation(session: RebuildSession, { given, command }: RebuildRequest): Operation<RebuildPlan> {
  return {
    kind: rebuildKind,
    name: "rebuild of the state store",
    schema: rebuildPlanSchema,
    request: {
      from: session.place.argument,
      ...(session.mapping === undefined ? {} : { map: mappingText(session.mapping) }),
    },
    command,
    given,
    plan: async () => {
      const planned = await planRebuild(session);
      return { ...planned, view: { value: { ...planned.plan }, print: (lines) => printPlan(planned.plan, lines) } };
    },
    steps: (plan, begun) => rebuildSteps(plan, session, begun),
    report: (plan, journal, findings) => {
      const environments = plan.environments.map(({ name, copy }) => ({
        name,
        works: worksOf(journal, name),
        points: copy?.points ?? 0,
        copy: copy ?? null,
      }));
      const value = { endpoint: plan.endpoint, environments, targetSeconds: target };
      return { value, print: (lines) => printReport(plan, journal, findings, lines) };
    },
    outdated: async (open) => {
      const { trouble } = await lastingHealth(session.siteStore, session.context.signal);
      const guest = await lookAtGuest(session);
      const now = {
        exists: guest?.exists === true,
        answers: trouble === undefined,
        copies: await copiesNow(session),
      };
      const why = outdatedRebuild(open, now);
      if (why !== undefined) await waitForPulumi(open, session.context);
      return why;
    },
    meaning: () => ({ text: "what has been done stays, and is not done again." }),
  };
}

function worksOf(journal: Journal, name: string): boolean {
  return journal.factsOf(proofPath(name))["works"] === true;
}

function printPlan(plan: RebuildPlan, lines: Lines): void {
  const { endpoint, guest, answers, from, keys, environments } = plan;
  lines.heading(`Plan: make the state store at ${endpoint} again`);
  lines.hanging("  store:      ", answers ? "answers" : "does not answer");
  if (guest !== undefined && !answers) {
    const state = guest.exists
      ? "is there: its server is installed again, its data stay"
      : "is gone: it is made again, empty";
    lines.hanging("  container:  ", `${guest.name} (${String(guest.id)}) ${state}`);
  }
  if (keys.length > 0) lines.hanging("  keys:       ", `new: ${keys.join(", ")}`);
  lines.hanging("  copies:     ", from);
  for (const environment of environments) lines.hanging(`    ${environment.name}: `, environmentText(environment));
}

function environmentText({ copy, damaged, staleSince, local, stored, unreadable }: RebuiltEnvironment): string {
  const lost =
    unreadable === undefined ? "" : `the state in the store cannot be used (${unreadable}), the copy replaces it; `;
  const kept =
    unreadable !== undefined && !local
      ? lost
      : stored
        ? "the store has its state, which stays; "
        : local
          ? "its state is on this machine; "
          : "";
  if (copy === undefined) return `${kept}${damaged === undefined ? "no copy" : `the copy is damaged: ${damaged}`}`;
  const time = copy.time === undefined ? "of an unknown time" : `of ${formatMoment(copy.time)} (${agoOf(copy.time)})`;
  const during = copy.duringUpdate ? "; AN UPDATE WAS AT WORK when it was copied" : "";
  const stale = staleSince === undefined ? "" : `; LOST: what came after it, up to ${formatMoment(staleSince)}`;
  return `${kept}copy ${time}, ${String(copy.points)} restore points${during}${stale}`;
}

function agoOf(milliseconds: number): string {
  return formatAgo(Math.max(0, Date.now() - milliseconds) / 1_000);
}

function printReport(
  { endpoint, environments }: RebuildPlan,
  journal: Journal,
  findings: readonly Finding[],
  lines: Lines,
): void {
  const { seconds } = journal;
  const within = seconds <= target ? "within" : "NOT within";
  lines.heading(
    `The state store at ${endpoint} is there again after ${formatDuration(seconds)} (${within} ${formatDuration(target)})`,
  );
  for (const { name, copy, stored, local } of environments) {
    if (copy === undefined && !stored && !local) lines.line(`  - ${name}: has no state`);
    else lines.line(`  ${worksOf(journal, name) ? "✓" : "✗"} ${name}: ${String(copy?.points ?? 0)} restore points`);
  }
  for (const finding of findings) printFinding(finding, lines);
  for (const { name, local } of environments) {
    if (local)
      lines.line(`The state of ${name} was on this machine: lifeboat state return ${name}, if lifeboat status says so`);
  }
}
