import { formatMoment } from "../../../site/restore/moments";
import { isSavePoint } from "../../../site/restore/save-point";
import { CommandError } from "../../terminal/command-error";
import { formatBytes } from "../../terminal/durations";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { Lines } from "../../terminal/talk";
import type { Demand, GivenAnswers } from "../engine/consent";
import type { Journal } from "../engine/journal";
import { type GuestSession, journalsOf, unfinished } from "../engine/session";
import { forceFlag, confirm } from "../engine/settle-demands";
import { type ForgetPlan, forgetKind, forgetPlanSchema } from "./plan";
import { forgetSteps } from "./steps";
import { locate } from "../steps/guest/locate";
import { searchArchives } from "../steps/guest/search-archives";
import { nodeClock } from "../steps/guest/node-facts";
import { runSteps } from "../engine/run-steps";
import { messageOf } from "../../machine/error-code";

/** What `lifeboat undo --forget` was asked for. */
export interface ForgetRequest {
  /** Only save points that are older than so many days. */
  readonly olderThan: number | undefined;
  readonly given: GivenAnswers;
  readonly command: string;
}

/** Gives up the way back to earlier states of a guest: deletes its save points, which nothing else ever does. */
export async function conductForget(session: GuestSession, request: ForgetRequest): Promise<ExitCode> {
  const { context, dryRun, client } = session;
  const open = openForget(session);
  const plan =
    open === undefined
      ? await context.progress.step("Look for save points", () => planForget(session, request))
      : planOf(open);
  if (dryRun) {
    context.output.result({ plan }, (lines) => printForget(plan, lines));
    return exitCodes.done;
  }
  printForget(plan, context.talk);
  const demand: Demand = {
    flag: forceFlag,
    reason: "the plan is not confirmed",
    question: `Delete ${countOf(plan)} of ${plan.guest}? Restores before them cannot be taken back any more.`,
  };
  await confirm([demand], request.given, context);
  const journal = open ?? begin(session, request, plan);
  await runSteps(session, journal, forgetSteps(plan, client), {
    explain: (failure) =>
      new CommandError(messageOf(failure.cause), {
        exitCode: exitCodes.failed,
        hint: `try again: ${request.command}`,
        cause: failure.cause,
      }),
  });
  const deleted = plan.savePoints.filter((_, index) => journal.factsOf(`delete-${index + 1}`)["deleted"] === true);
  const bytes = deleted.reduce((sum, { size }) => sum + size, 0);
  const value = { guest: session.selector, deleted: deleted.map(({ volid }) => volid), bytes };
  context.output.result(value, (lines) =>
    lines.line(`Deleted ${deleted.length} of ${countOf(plan)} of ${plan.guest}: ${formatBytes(bytes)}.`),
  );
  return exitCodes.done;
}

/** One that was interrupted; anything else that has not ended may still need its save point. */
function openForget(session: GuestSession): Journal | undefined {
  const open = unfinished(journalsOf(session));
  if (open === undefined || open.contents.kind === forgetKind) return open;
  throw new CommandError(`an operation on ${session.guest.name} begun at ${open.contents.startedAt} has not ended`, {
    exitCode: exitCodes.locked,
    hint: `resume it: ${open.contents.command}; or take it back: lifeboat undo ${session.selector}`,
  });
}

function planOf(journal: Journal): ForgetPlan {
  return forgetPlanSchema.parse(journal.contents.plan);
}

async function planForget(session: GuestSession, { olderThan }: ForgetRequest): Promise<ForgetPlan> {
  const { client, guest, environment, selector } = session;
  const { node } = await locate(client, guest, undefined);
  const clock = await nodeClock(client, node);
  const { archives } = await searchArchives(client, guest.id, environment.settings.backup.storage.id);
  const limit = olderThan === undefined ? Infinity : clock.time - olderThan * 86_400;
  const old = archives.filter(({ notes, time }) => isSavePoint(notes) && time < limit);
  if (old.length === 0) {
    const age = olderThan === undefined ? "" : ` older than ${olderThan} days`;
    throw new CommandError(`there is no save point of ${guest.name}${age}`, {
      exitCode: exitCodes.nothing,
      hint: `see what there is: lifeboat backups ${selector}`,
    });
  }
  const savePoints = old.map(({ volid, nodes, size, time }) => ({
    volid,
    node: nodes[0] ?? node,
    size,
    date: formatMoment(time, clock.timezone),
  }));
  return { environment: environment.name, guest: guest.name, vmid: guest.id, savePoints };
}

function begin(
  { state, environment, guest }: GuestSession,
  { command, olderThan }: ForgetRequest,
  plan: ForgetPlan,
): Journal {
  return state.begin({
    kind: forgetKind,
    command,
    guest: { environment: environment.name, name: guest.name, id: guest.id, node: guest.node },
    request: olderThan === undefined ? {} : { olderThan: String(olderThan) },
    inputs: {},
    plan,
  });
}

function countOf({ savePoints }: ForgetPlan): string {
  return savePoints.length === 1 ? "1 save point" : `${savePoints.length} save points`;
}

function printForget(plan: ForgetPlan, lines: Lines): void {
  lines.heading(`Plan: delete ${countOf(plan)} of ${plan.environment}/${plan.guest} (${plan.vmid})`);
  lines.table(
    plan.savePoints.map(({ volid, size, date }) => [date, formatBytes(size), volid]),
    "  ",
  );
  lines.line("What was restored stands. The states before those restores cannot be brought back any more.");
}
