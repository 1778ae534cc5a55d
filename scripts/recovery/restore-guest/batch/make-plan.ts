import { spaceNeeds } from "../../../../site/restore/space";
import { CommandError } from "../../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../../terminal/exit-codes";
import { failureOf } from "../../../clients/failure";
import type { JournalContents } from "../../engine/journal-contents";
import { type PreparedRestore, type RestoreRequest, measurements, prepareRestore } from "../operation";
import { refuseFull } from "../refuse";
import { restoresAmong } from "../journals";
import { type GuestSession, journalsOf } from "../../engine/session";
import { runBounded } from "../../../machine/bounded";
import type { RefusedGuest } from "./view";

/** A guest and what is asked for it. */
export interface SeveralMember {
  readonly session: GuestSession;
  readonly request: RestoreRequest;
}

/** What can be restored, and what cannot. */
export interface SeveralPlan {
  readonly prepared: readonly PreparedRestore[];
  readonly refused: readonly (RefusedGuest & { readonly exitCode: ExitCode })[];
}

/** Guests that are looked at, at the same time. */
const looksAtOnce = 4;

/** Looks at each guest, and decides for each by itself. Changes nothing. */
export async function planSeveral(members: readonly SeveralMember[]): Promise<SeveralPlan> {
  const bounds = { parallel: looksAtOnce, perKey: looksAtOnce, keyOf: () => "" };
  const bySite = new Map<string, readonly JournalContents[]>();
  for (const { session } of members) {
    const { path } = session.state;
    if (!bySite.has(path)) bySite.set(path, measurements(session));
  }
  const results = await runBounded(members, bounds, (member) =>
    prepareOrRefuse(member, bySite.get(member.session.state.path) ?? []),
  );
  return {
    prepared: results.flatMap((result) => ("view" in result ? [result] : [])),
    refused: results.flatMap((result) => ("view" in result ? [] : [result])),
  };
}

async function prepareOrRefuse(
  { session, request }: SeveralMember,
  measured: readonly JournalContents[],
): Promise<PreparedRestore | SeveralPlan["refused"][number]> {
  try {
    return await prepareRestore(session, request, restoresAmong(journalsOf(session)), measured);
  } catch (error) {
    const { exitCode, message, hint, stack } = failureOf(error, undefined);
    if (stack !== undefined) throw error;
    return { guest: session.selector, exitCode, message: message.replace(/^Unable to go on: /u, ""), hint };
  }
}

/**
 * Refuses all when one cannot be restored, as a plan is carried out as a whole or not at all, unless those that cannot
 * are to be left out. Nothing was changed then.
 *
 * @throws CommandError with the code that all refusals have, else 13.
 */
export function refuseTogether(
  { prepared, refused }: SeveralPlan,
  skipRefused: boolean,
  parallel: number,
  tell: (guest: RefusedGuest) => void,
): void {
  if (refused.length > 0 && (!skipRefused || prepared.length === 0)) {
    for (const guest of refused) tell(guest);
    const names = refused.map(({ guest }) => guest).join(", ");
    const some = prepared.length === 0 ? "none of them can be restored" : `${names} cannot be restored`;
    throw new CommandError(`${some}; nothing was changed`, {
      exitCode: codeOf(refused),
      hint:
        prepared.length === 0
          ? "see the reasons above"
          : "mend it as said above, or restore the others without it: add --skip-refused",
      details: { refused },
    });
  }
  refuseFull(
    spaceNeeds(
      prepared.map(({ planned }) => planned.space),
      parallel,
    ),
  );
}

function codeOf(refused: SeveralPlan["refused"]): ExitCode {
  const [first, ...others] = refused;
  if (first === undefined || others.some(({ exitCode }) => exitCode !== first.exitCode)) return exitCodes.refused;
  return first.exitCode;
}
