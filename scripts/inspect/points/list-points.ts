import { formatMoment } from "../../../site/restore/moments";
import { changesText } from "../../../site/state/history-entry";
import { nameOf } from "../../../site/state/integrity";
import type { RestorePoint } from "../../../site/state/restore-points";
import { formatAge, formatBytes } from "../../terminal/durations";
import { exitCodes, type ExitCode } from "../../terminal/exit-codes";
import { type Column, fitTable, type FlexibleColumn } from "../../terminal/fitted-table";
import type { Lines } from "../../terminal/talk";
import { dim, green, red, shorten, type Words, yellow } from "../../terminal/text";
import type { StackSession } from "../../recovery/engine/session";
import { localTimeZone, nothingLeft } from "../../recovery/steps/state/choose-listed-point";
import { PointsCache } from "../../recovery/steps/state/points-cache";
import { pointForScripts, updateWords } from "../../recovery/steps/state/points-view";
import { type FoundLock, locksOf, lockWords } from "../../recovery/steps/state/pulumi-lock";
import { type ListedPoints, listPoints, readPoints } from "../../recovery/steps/state/read-points";
import type { StateAccess } from "../../recovery/steps/state/state-access";

/** So many points are told unless all are asked for. */
const newest = 20;

export interface ListRequest {
  readonly all: boolean;
  readonly versions: boolean;
}

/** Lists the restore points of a stack. @throws CommandError (10) where there is none */
export async function listStatePoints(
  session: StackSession,
  access: StateAccess,
  { all, versions }: ListRequest,
): Promise<ExitCode> {
  const { context, state, selector } = session;
  const cache = new PointsCache(state.path, access);
  const [listed, { points, more }, locks] = await context.progress.step(
    `Look for restore points of ${selector}`,
    async (update) => {
      const candidates = await listPoints(access, versions);
      const total = candidates.candidates.length;
      const read = await readPoints(access, candidates, cache, {
        ...(all ? {} : { wanted: newest }),
        told: (count) => update(`${String(count)} of ${String(total)}`),
      });
      return [candidates, read, await locksOf(access)] as const;
    },
  );
  if (points.length === 0) throw nothingLeft(access);
  const total = listed.candidates.length;
  const value = {
    environment: selector,
    where: access.store.place,
    points: points.map(pointForScripts),
    more,
    versions: listed.withVersions,
    locks: locks.map(({ key, owner }) => ({ key, ...owner })),
  };
  context.output.result(value, (lines) => printPoints(points, lines));
  if (more)
    context.talk.line(
      `These are the newest ${String(points.length)} of about ${String(total)}: --all lists every one.`,
    );
  tellMore(session, listed, versions, locks);
  return exitCodes.done;
}

function tellMore(
  { context: { talk }, selector }: StackSession,
  { withVersions, keepsVersions, candidates }: ListedPoints,
  asked: boolean,
  locks: readonly FoundLock[],
): void {
  if (!candidates.some(({ source }) => source === "present")) {
    talk.warning(`${selector} has no present state here: the stack was removed, or its state is lost.`);
  }
  if (withVersions && !asked) talk.line("These are versions of deleted objects: nothing else is left.");
  for (const lock of locks) talk.warning(`${selector} is locked ${lockWords(lock)}`);
  if (keepsVersions && !withVersions)
    talk.line(`States between two updates: lifeboat restore state ${selector} --list --versions`);
  talk.hint(`to go back to one: lifeboat restore state ${selector} --to ID --dry-run`);
}

function printPoints(points: readonly RestorePoint[], lines: Lines): void {
  const zone = localTimeZone();
  const now = Date.now();
  const columns: (Column<RestorePoint> | FlexibleColumn<RestorePoint>)[] = [
    { heading: dim("ID"), cell: ({ id }) => id },
    { heading: dim(`DATE (${zone})`), cell: ({ time }) => formatMoment(Math.floor(time / 1_000), zone) },
    {
      heading: dim("AGE"),
      cell: ({ time }) => formatAge(Math.max(0, now - time) / 1_000),
      align: "right",
      leaveOut: 3,
    },
    {
      heading: dim("SIZE"),
      cell: ({ state }) => (state === undefined ? "" : formatBytes(state.size)),
      align: "right",
      leaveOut: 2,
    },
    { heading: dim("SOURCE"), cell: ({ source }) => source, leaveOut: 1 },
    { heading: dim("RESULT"), cell: resultOf },
    {
      heading: dim("CHANGES"),
      cell: ({ update }) => (update === undefined ? "" : changesText(update.changes)),
      leaveOut: 4,
    },
    { heading: dim("WHAT"), text: whatOf, readable: 16, shorten },
  ];
  lines.table(fitTable(points, columns, lines.room), "", (row) => printWhy(points[row - 1], lines));
}

function resultOf({ status, present, update }: RestorePoint): Words {
  if (status === "complete") return present ? green("present") : (update?.result ?? "kept");
  const words = `${present ? "present, " : ""}${status}`;
  return status === "failed" ? yellow(words) : red(words);
}

function whatOf(point: RestorePoint): string {
  const { update } = point;
  if (update === undefined) return updateWords(point);
  return update.message === "" ? update.kind : `${update.kind}: ${update.message}`;
}

/** What is the matter with a point stands below it. */
function printWhy(point: RestorePoint | undefined, lines: Lines): void {
  if (point === undefined || point.status === "complete" || point.status === "failed") return;
  const pending = (point.pending ?? []).map(({ type, urn }) => `${type} ${nameOf(urn)}`).join(", ");
  lines.hanging("  ↳ ", `${point.why ?? ""}${pending === "" ? "" : `: ${pending}`}`, dim);
}
