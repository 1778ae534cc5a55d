import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { whyUnanswered } from "../engine/consent";
import { digestsOf, whyPlannedOtherwise } from "../engine/digest";
import type { Journal } from "../engine/journal";
import type { Operation } from "../engine/operation";
import type { GuestSession } from "../engine/session";
import { noPointInTime } from "../point-in-time/operation";
import { fetchPath } from "../point-in-time/steps";
import { planRestoreData, type PlannedRestoreData } from "./make-plan";
import { planFromArchive } from "./plan-from-archive";
import { restoreDataKind, type RestoreDataPlan, restoreDataPlanSchema } from "./plan";
import { requireRoom } from "./prerequisites";
import type { RestoreDataRequest } from "./request";
import { restoreDataSteps, type RestoreDataWorld } from "./steps";
import { restoreDataReport, restoreDataView } from "./view";

/** Data of a dump takes the place of what is there, or comes beside it (I6). @param session on the guest that is changed */
export function restoreDataOperation(session: GuestSession, request: RestoreDataRequest): Operation<RestoreDataPlan> {
  const { from, to, shelf, what, given, command, beforeEnd } = request;
  const world: RestoreDataWorld = {
    from,
    to,
    shelf,
    identity: request.identity,
    again: `${command} --dry-run`,
    withOther: (dump) => `${request.plain} --dump ${dump}`,
    recovery: () => {
      if (request.recovery !== undefined) return request.recovery();
      throw noPointInTime(session.selector, to.source.name, "its settings have no pointInTime any more");
    },
  };
  return {
    kind: restoreDataKind,
    name: `restore of ${what} of ${session.selector}`,
    schema: restoreDataPlanSchema,
    request: request.request,
    command,
    given,
    plan: async () => {
      const planned = await planFor(session, request);
      const { items, archive } = planned.plan;
      // How much one database of an archive takes is known when it is there; the guest looks for room for all of it.
      if (archive === undefined) await requireRoom(planned.plan, to, session.context.signal);
      const bytes = archive?.backup.bytes ?? items.reduce((sum, item) => sum + item.plainBytes, 0);
      return { ...planned, view: restoreDataView(planned), bytes };
    },
    steps: (plan, begun) => restoreDataSteps(plan, world, begun),
    report: restoreDataReport,
    outlived: async (plan) => whyAnother(plan, await planFor(session, request)),
    lookAgain: async (plan, open) => {
      // What was fetched is there by now: whether it still leads to the point, the archive is not asked again.
      if (hasExchanged(open) || open.record(fetchPath) !== undefined) return undefined;
      const now = await unlessGone(planFor(session, request));
      if (now === undefined) return "what it was to come from is gone";
      return whyAnother(plan, now) ?? whyUnanswered(now.demands, given);
    },
    meaning: ({ items }, { position }, journal) => {
      const names = items.map(({ into }) => into).join(", ");
      if (position !== "committed") return { text: `${names} is as it was.` };
      const done = hasExchanged(journal) ? "in its place, and what was there before is kept" : "perhaps in its place";
      return { text: `${names} is ${done}.` };
    },
    ...(beforeEnd === undefined ? {} : { beforeEnd }),
  };
}

function planFor(session: GuestSession, request: RestoreDataRequest): Promise<PlannedRestoreData> {
  const { point } = request;
  return point.kind === "archive" ? planFromArchive(session, request, point) : planRestoreData(session, request);
}

/** Whether something may have taken the place of what was there. */
export function hasExchanged({ contents: { steps } }: Journal): boolean {
  return Object.entries(steps).some(([path, { facts }]) => path.startsWith("exchange/") && facts["sent"] === true);
}

async function unlessGone(planned: Promise<PlannedRestoreData>): Promise<PlannedRestoreData | undefined> {
  try {
    return await planned;
  } catch (error) {
    if (error instanceof CommandError && error.exitCode === exitCodes.nothing) return undefined;
    throw error;
  }
}

/** Why what was planned before is not what would be planned now. */
function whyAnother(before: RestoreDataPlan, { plan }: PlannedRestoreData): string | undefined {
  return whyPlannedOtherwise(partsOf(before), partsOf(plan));
}

/** How many are connected, and how large it is, changes by itself. */
function partsOf({ from, to, dump, items, savePoint }: RestoreDataPlan) {
  return digestsOf({
    "the dump": { from, dump },
    "where it goes": to,
    "what is there": items.map(({ type, name, into, sha256, present }) => [
      type,
      name,
      into,
      sha256,
      present?.identity ?? null,
    ]),
    "its save point": savePoint,
  });
}
