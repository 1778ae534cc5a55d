import { ownAddresses } from "../../../site/state/own-addresses";
import type { StackSession } from "../../recovery/engine/session";
import { nothingLeft } from "../../recovery/steps/state/choose-listed-point";
import { PointsCache } from "../../recovery/steps/state/points-cache";
import { pointForScripts } from "../../recovery/steps/state/points-view";
import { type FoundLock, locksOf, lockWords } from "../../recovery/steps/state/pulumi-lock";
import { type ListedPoints, listPoints, readPoints } from "../../recovery/steps/state/read-points";
import type { StateAccess } from "../../recovery/steps/state/state-access";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Talk } from "../../terminal/talk";
import type { Inspection } from "../inspection";
import { printPoints } from "./points-page";
import type { pointsShape } from "./shape";

/** So many points are listed unless all are asked for. */
const newest = 20;

export interface ListRequest {
  readonly all: boolean;
  readonly versions: boolean;
}

/** The restore points of a stack. @throws CommandError (10) where there is none */
export async function inspectPoints(
  { context, environment, state, selector }: StackSession,
  access: StateAccess,
  { all, versions }: ListRequest,
): Promise<Inspection<ValueOf<typeof pointsShape>>> {
  const cache = new PointsCache(state.path, access);
  const [listed, { points, more }, locks] = await context.progress.step(
    `Look for restore points of ${selector}`,
    async (update) => {
      const candidates = await listPoints(access, versions);
      const total = candidates.candidates.length;
      const read = await readPoints(access, candidates, cache, {
        ...(all ? {} : { wanted: newest }),
        own: { ...access, addresses: ownAddresses(environment.settings), variables: context.io.environment },
        progress: (count) => update(`${String(count)} of ${String(total)}`),
      });
      return [candidates, read, await locksOf(access)] as const;
    },
  );
  if (points.length === 0) throw nothingLeft(access);
  return {
    value: {
      environment: selector,
      where: access.store.place,
      points: points.map(pointForScripts),
      more,
      versions: listed.withVersions,
      locks: locks.map(({ key, owner }) => ({ key, ...owner })),
    },
    print: (lines) => printPoints(points, lines),
    exitCode: exitCodes.done,
    remark: (talk) => {
      const total = String(listed.candidates.length);
      if (more) talk.line(`These are the newest ${String(points.length)} of about ${total}: --all lists every one.`);
      remark(selector, { listed, locks, askedForVersions: versions }, talk);
    },
  };
}

interface Found {
  readonly listed: ListedPoints;
  readonly locks: readonly FoundLock[];
  readonly askedForVersions: boolean;
}

function remark(selector: string, { listed, locks, askedForVersions }: Found, talk: Talk): void {
  const { withVersions, keepsVersions, candidates } = listed;
  if (!candidates.some(({ source }) => source === "present")) {
    talk.warning(`${selector} has no present state here: the stack was removed, or its state is lost.`);
  }
  if (withVersions && !askedForVersions) talk.line("These are versions of deleted objects: nothing else is left.");
  for (const lock of locks) talk.warning(`${selector} is locked ${lockWords(lock)}`);
  if (keepsVersions && !withVersions)
    talk.line(`States between two updates: lifeboat restore state ${selector} --list --versions`);
  talk.hint(`to go back to one: lifeboat restore state ${selector} --to ID --dry-run`);
}
