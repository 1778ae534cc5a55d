import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { parseSavePoint } from "../../../../site/restore/save-point";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import type { Journal } from "../../engine/journal";
import type { Facts } from "../../engine/step";
import { readSnapshots } from "./guest-snapshots";
import { savePointPath } from "./save-point-steps";
import { whyUnseen } from "./unseen-backups";

/** Path of the step that takes a snapshot as the way back of a rollback. */
export const wayBackPath = "way-back";

/**
 * Why the way back that an operation has made is none any more, as a clause; undefined while it is there, or is not made
 * yet.
 *
 * @param facts of a step of the operation, by its path
 * @throws CommandError (14), ProxmoxError when it cannot be asked for
 */
export async function lostWayBack(
  client: ProxmoxClient,
  { target, savePoint }: { readonly target: GuestAddress; readonly savePoint?: { readonly storage: string } },
  { id, factsOf }: { readonly id: string; readonly factsOf: (path: string) => Facts },
): Promise<string | undefined> {
  const archive = factsOf(savePointPath)["archive"];
  if (savePoint !== undefined && archive !== undefined) {
    const archives = await client.backups.archives(target.node, savePoint.storage, target.vmid);
    const isThere = archives.some(
      ({ volid, notes }) => volid === archive && parseSavePoint(notes ?? "")?.operation === id,
    );
    if (!isThere) {
      const lost = `${savePoint.storage} does not show the save point ${String(archive)} any more`;
      const unseen = await whyUnseen(client, target.node, savePoint.storage);
      if (unseen === undefined) return lost;
      throw new CommandError(`${lost}: ${unseen}`, {
        exitCode: exitCodes.unavailable,
        hint: `mount it on ${target.node}, and run the same command again`,
      });
    }
  }
  const snapshot = factsOf(wayBackPath)["snapshot"];
  if (snapshot !== undefined) {
    const isThere = (await readSnapshots(client, target)).some(({ name }) => name === snapshot);
    if (!isThere) return `snapshot ${String(snapshot)}, the way back, is gone`;
  }
  return undefined;
}

/** The last look before the request that overwrites. @throws CommandError (13) when the way back is none any more, (14) when that is not known */
export async function requireWayBack(
  client: ProxmoxClient,
  plan: Parameters<typeof lostWayBack>[1],
  operation: Parameters<typeof lostWayBack>[2],
): Promise<void> {
  const lost = await lostWayBack(client, plan, operation);
  if (lost === undefined) return;
  throw new CommandError(`${lost}, and nothing is overwritten without it`, {
    exitCode: exitCodes.refused,
    hint: "run the same command again: it begins with a new one",
  });
}

/** What an operation knows of its way back. */
export function wayBackIn(journal: Journal): { readonly id: string; readonly factsOf: (path: string) => Facts } {
  return { id: journal.contents.id, factsOf: (path) => journal.factsOf(path) };
}

/**
 * What was made as the way back stays when the operation is taken back: the request that overwrites was at work, and what it
 * did, or somebody else since, cannot be told by looking at the guest.
 */
export function keepWayBack(journal: Journal): void {
  for (const path of [savePointPath, wayBackPath]) {
    if (journal.record(path) !== undefined) journal.stepNoted(path, { stays: true });
  }
}
