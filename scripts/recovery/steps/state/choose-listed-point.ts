import { formatMoment } from "../../../../site/restore/moments";
import { choosePoint } from "../../../../site/state/choose-point";
import type { PointCandidate } from "../../../../site/state/restore-points";
import { CommandError, usageError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { type ListedPoints, listPoints } from "./read-points";
import type { StateAccess } from "./state-access";

/** The operator's own time zone: the store may be all that is left of a site, and no node is asked. */
export const localTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/**
 * The restore point that the command line names. Among versions of objects too, where nothing else bears that name.
 *
 * @throws CommandError (2, 10)
 */
export async function chooseListedPoint(
  access: StateAccess,
  wanted: string,
  withVersions: boolean,
): Promise<PointCandidate & Required<Pick<PointCandidate, "state">>> {
  const listed = await listPoints(access, withVersions);
  const first = choosePoint(listed.candidates, wanted, localTimeZone());
  const isHidden = first.kind === "none" && !withVersions && listed.candidates.length > 0;
  const choice = isHidden ? choosePoint((await listPoints(access, true)).candidates, wanted, localTimeZone()) : first;
  switch (choice.kind) {
    case "none":
      throw noPoint(access, listed, choice.why);
    case "several":
      throw ambiguous(wanted, choice.points);
    case "one":
      return withState(choice.point, access);
  }
}

function noPoint(access: StateAccess, { candidates, keepsVersions }: ListedPoints, why: string): CommandError {
  const list = `lifeboat restore state ${access.place.stack} --list`;
  if (candidates.length > 0) return usageError(why, `see what there is: ${list}${keepsVersions ? " --versions" : ""}`);
  return nothingLeft(access);
}

/** The end of whoever looks for states where there are none, with what is left to do then (E5). */
export function nothingLeft({ place, store }: StateAccess): CommandError {
  const { stack } = place;
  return new CommandError(`there is no restore point of ${stack} in ${store.place}`, {
    exitCode: exitCodes.nothing,
    hint: `is this the right backend (lifeboat env ${stack} shows it)? Where the state is lost everywhere, a new one is made of what is on the site: lifeboat state import-file ${stack}`,
  });
}

function ambiguous(wanted: string, points: readonly PointCandidate[]): CommandError {
  const zone = localTimeZone();
  const candidates = points.map(({ id, source, time }) => `${id} (${source}, ${formatMoment(time / 1_000, zone)})`);
  return new CommandError(`'${wanted}' is the name of several restore points: ${candidates.join(", ")}`, {
    exitCode: exitCodes.usage,
    hint: "name one by its whole id",
    details: { candidates: points.map(({ id, source, time }) => ({ id, source, time: time / 1_000 })) },
  });
}

function withState(
  point: PointCandidate,
  { place }: StateAccess,
): PointCandidate & Required<Pick<PointCandidate, "state">> {
  const { state } = point;
  if (state !== undefined) return { ...point, state };
  throw new CommandError(`of the restore point ${point.id} only the history entry is left, and not its checkpoint`, {
    exitCode: exitCodes.refused,
    hint: `choose another: lifeboat restore state ${place.stack} --list --versions`,
  });
}
