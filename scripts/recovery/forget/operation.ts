import { counted } from "../../terminal/text";
import { storageOf } from "../../../proxmox/rules/volume-ids";
import { formatBytes } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import type { GivenAnswers } from "../engine/consent";
import type { Journal } from "../engine/journal";
import type { Operation, Planned, Report } from "../engine/operation";
import type { GuestSession } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import { planForget } from "./make-plan";
import { forgetRights } from "./rights";
import { type ForgetPlan, forgetKind, forgetPlanSchema } from "./plan";
import { forgetSteps, stepId } from "./steps";
import { meantGuest } from "../steps/guest/meant-guest";
import { requireRights } from "../steps/guest/rights";

/** What `lifeboat undo --forget` was asked for. */
export interface ForgetRequest {
  /** Only save points that are older than so many days. */
  readonly olderThan: number | undefined;
  readonly given: GivenAnswers;
  readonly command: string;
}

/** Gives up the way back to earlier states of a guest: deletes its save points, which nothing else ever does. */
export function forgetOperation(
  session: GuestSession,
  { olderThan, given, command }: ForgetRequest,
): Operation<ForgetPlan> {
  return {
    kind: forgetKind,
    name: `deletion of save points of ${session.selector}`,
    schema: forgetPlanSchema,
    request: olderThan === undefined ? {} : { olderThan: String(olderThan) },
    command,
    given,
    plan: async () => {
      const found = await planForget(session, olderThan);
      return "young" in found ? { nothing: nothingOld(session.selector, found.young) } : plannedOf(found);
    },
    permitted: (plan) =>
      requireRights(
        session.client,
        forgetRights(
          plan.vmid,
          plan.savePoints.map(({ volid }) => storageOf(volid)),
        ),
      ),
    steps: (plan) => forgetSteps(plan, session.client, meantGuest(session.guest, session.environment.settings)),
    report: reportOf,
    meaning: ({ guest }) => ({ text: `not every save point of ${guest} is deleted.` }),
  };
}

function plannedOf(plan: ForgetPlan): Planned<ForgetPlan> {
  const { environment, guest, vmid, savePoints, leftOut = [], unsearched = null } = plan;
  const question = `Delete ${countOf(plan)} of ${guest}? Restores before them cannot be taken back any more.`;
  return {
    plan,
    demands: [{ flag: forceFlag, reason: "the plan is not confirmed", question }],
    inputs: {},
    view: {
      value: { guest: `${environment}/${guest}`, vmid, savePoints, leftOut, unsearched },
      print: (lines) => printForget(plan, lines),
    },
  };
}

/** For a timer that is an ordinary night. */
function nothingOld(guest: string, stay: number): Report {
  const others = stay === 0 ? "" : `; ${counted(stay, "stays", "stay")}`;
  return {
    value: { guest, deleted: [], bytes: 0 },
    print: (lines) => lines.line(`No save point of ${guest} is that old${others}.`),
  };
}

function reportOf(plan: ForgetPlan, journal: Journal): Report {
  const deleted = plan.savePoints.filter((_, index) => journal.factsOf(stepId(index))["deleted"] === true);
  const bytes = deleted.reduce((sum, { size }) => sum + size, 0);
  return {
    value: { guest: `${plan.environment}/${plan.guest}`, deleted: deleted.map(({ volid }) => volid), bytes },
    print: (lines) =>
      lines.line(`Deleted ${deleted.length} of ${countOf(plan)} of ${plan.guest}: ${formatBytes(bytes)}.`),
  };
}

function countOf({ savePoints }: ForgetPlan): string {
  return counted(savePoints.length, "save point");
}

function printForget(plan: ForgetPlan, lines: Lines): void {
  lines.heading(`Plan: delete ${countOf(plan)} of ${plan.environment}/${plan.guest} (${plan.vmid})`);
  lines.table(
    plan.savePoints.map(({ volid, size, date }) => [date, formatBytes(size), volid]),
    "  ",
  );
  for (const { volid, reason } of plan.leftOut ?? []) lines.hanging("  left alone: ", `${volid}: ${reason}`);
  if (plan.unsearched !== undefined) lines.hanging("  CARE: ", `${plan.unsearched}; what is there stays`);
  lines.line("What was restored stands. The states before those restores cannot be brought back any more.");
}
