import type { ProxmoxClient } from "../../../proxmox/api/client";
import { nodesOf } from "../../../site/needs";
import type { Environment } from "../../../site/settings/environment";
import { readStorages } from "../status/backup-storages";
import { archivesByGuest } from "../status/guest-archives";
import { ownershipProblems, readOwnership } from "../status/ownership";
import { type Check, ok, problem, skipped } from "./check";

/** Whether guests and archives under the declared numbers are those that the settings mean (D15). */
export async function inspectOwnership(client: ProxmoxClient, settings: Environment): Promise<Check[]> {
  const [guests, { archives, unreadable }, { time: now, timezone: timeZone }] = await Promise.all([
    client.cluster.guests(),
    readStorages(client, nodesOf(settings), settings.backup.storage.id),
    client.cluster.nodeTime(settings.proxmox.node),
  ]);
  const onNode = new Map(guests.map((guest) => [guest.vmid, guest]));
  const listed = { onNode, archivesOf: archivesByGuest(archives), clock: { now, timeZone } };
  const ownership = await readOwnership(client, settings, listed);
  const problems = settings.guests.flatMap((guest) =>
    ownershipProblems(guest, ownership.get(guest.id), settings.name).map(({ text, mend }) =>
      problem("guests", text, mend),
    ),
  );
  const unseen = unreadable.map((text) => skipped("guests", `whose archives there are is not known: ${text}`));
  if (unseen.length > 0) return [...problems, ...unseen];
  return problems.length > 0 ? problems : [ok("guests", "none under their numbers bears another's mark")];
}
