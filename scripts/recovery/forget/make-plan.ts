import { counted } from "../../terminal/text";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { NodeTime } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { formatMoment } from "../../../site/restore/moments";
import { isSavePoint, parseSavePointNotes } from "../../../site/restore/save-point";
import type { GuestSession } from "../engine/session";
import type { FoundArchive } from "../steps/guest/inspection";
import { locate } from "../steps/guest/locate";
import { meantGuest } from "../steps/guest/meant-guest";
import { nodeClock } from "../steps/guest/node-facts";
import { notFound, unsearchedText } from "../steps/guest/not-found";
import { searchArchives } from "../steps/guest/search-archives";
import type { ForgetPlan } from "./plan";
import { forgetRights } from "./rights";
import { requireWhole } from "./require-whole";
import { requireRights } from "../steps/guest/rights";
import { whyAnothers } from "./whose-save-point";

/** Seconds by which two clocks may differ: ages are counted in days. */
const clockTolerance = 86_400;

/**
 * Looks for the save points of a guest. GET requests only.
 *
 * @param olderThan only those that are older than so many days; how many others stay is told where none is, since for a timer
 *   that is an ordinary night
 * @throws CommandError (10) where there is none at all, (14) where that cannot be known, (13) while the guest is not whole: they may
 *   be its only way back; or when their age is asked for and not certain
 */
export async function planForget(
  { client, guest, environment, selector }: GuestSession,
  olderThan: number | undefined,
): Promise<ForgetPlan | { readonly young: number }> {
  const { node } = await locate(client, guest, undefined);
  const clock = await nodeClock(client, node);
  const storage = environment.settings.backup.storage.id;
  // Archives that the token may not see are left out of Proxmox's list without a word.
  await requireRights(client, forgetRights(guest.id, [storage]));
  const search = await searchArchives(client, guest.id, storage);
  const meant = meantGuest(guest, environment.settings);
  const judged = await Promise.all(
    search.archives
      .filter(({ notes }) => isSavePoint(notes))
      .map(async (archive) => {
        const { volid, type, nodes } = archive;
        return {
          archive,
          anothers: await whyAnothers(client, { volid, type, node: nodes[0] ?? node }, guest.id, meant),
        };
      }),
  );
  const own = judged.filter(({ anothers }) => anothers === undefined).map(({ archive }) => archive);
  const leftOut = judged.flatMap(({ archive: { volid }, anothers: reason }) =>
    reason === undefined ? [] : [{ volid, reason }],
  );
  const nothing = (): CommandError => {
    const age = olderThan === undefined ? "" : ` older than ${counted(olderThan, "day")}`;
    const others = leftOut.map(({ volid, reason }) => `${volid} is left alone: ${reason}`);
    return notFound(search, {
      none: [`there is no save point of ${guest.name}${age}`, ...others].join("; "),
      unknown: [`no save point of ${guest.name}${age} was found`, ...others].join("; "),
      hint: `see what there is: lifeboat backups ${selector}`,
    });
  };
  const isComplete = search.unsearched.length === 0;
  if (own.length === 0 && olderThan !== undefined && isComplete) return { young: 0 };
  if (own.length === 0) throw nothing();
  const ran = await ranBefore(client, node, own[0]);
  await requireWhole(client, { node, vmid: guest.id, guest: guest.name, meant, selector, ran });
  const old = olderThan === undefined ? own : ofAge(own, olderThan, clock);
  if (old.length === 0 && isComplete) return { young: own.length };
  if (old.length === 0) throw nothing();
  const savePoints = old.map(({ volid, nodes, size, time }) => ({
    volid,
    node: nodes[0] ?? node,
    size: size ?? 0,
    date: formatMoment(time, clock.timezone),
  }));
  const gaps = isComplete ? {} : { unsearched: unsearchedText(search) };
  return { ...meant.mark, vmid: guest.id, ran, savePoints, leftOut, ...gaps };
}

/**
 * Save points that are older than so many days. By no clock that is ahead: what is of today would be old.
 *
 * @throws CommandError (13) when nobody knows how old they are
 */
function ofAge(savePoints: readonly FoundArchive[], days: number, { time, timezone }: NodeTime): FoundArchive[] {
  const here = Date.now() / 1_000;
  const now = Math.min(time, here);
  if (Math.abs(time - here) > clockTolerance) {
    const node = formatMoment(time, timezone);
    throw uncertainAge(`the node's clock says ${node}, this machine's ${formatMoment(here, timezone)}`);
  }
  const future = savePoints.find((savePoint) => savePoint.time > now + clockTolerance);
  if (future !== undefined) {
    throw uncertainAge(`${future.volid} is dated ${formatMoment(future.time, timezone)}, which is in the future`);
  }
  return savePoints.filter((savePoint) => savePoint.time < now - days * 86_400);
}

function uncertainAge(why: string): CommandError {
  return new CommandError(`how old the save points are is not certain: ${why}`, {
    exitCode: exitCodes.refused,
    hint: "set the clocks right, or give up all of them: leave --older-than out",
  });
}

/** Whether the guest ran when its newest save point was made, by the notes; without full ones it was stopped for it. */
async function ranBefore(client: ProxmoxClient, node: string, newest: FoundArchive | undefined): Promise<boolean> {
  if (newest === undefined) return false;
  const { notes } = await client.backups.archiveDetails(newest.nodes[0] ?? node, newest.volid);
  return parseSavePointNotes(notes)?.wasRunning ?? true;
}
