import type { Guest as NodeGuest } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { plainText } from "../../../proxmox/api/plain-text";
import { storageOf } from "../../../proxmox/rules/volume-ids";
import { typeOfGuest } from "../../../site/guest-types";
import { type ArchiveChoice, chooseArchive, type ListedArchive } from "../../../site/restore/choose-archive";
import type { NodeMoment } from "../../../site/restore/doubt";
import type { Guest } from "../../../site/settings/environment";
import { runBounded } from "../../machine/bounded";
import { groupBy } from "../../machine/group-by";
import { readRecord } from "../../recovery/steps/guest/verified-archives";
import type { RunningBackup } from "./backup-runs";
import type { PlacedArchive } from "./backup-storages";

/** An archive and where it was found. */
export interface GuestArchive extends ListedArchive {
  readonly storage: string;
  /** A node that reaches its storage. */
  readonly node: string;
  /** What was recorded of it could not be read: it may be known to be damaged. */
  readonly isUnread?: boolean;
}

/** Archives by the number that they bear, whoever's they are. */
export function archivesByGuest(archives: readonly PlacedArchive[]): (id: number) => readonly GuestArchive[] {
  const found = new Map([...groupBy(archives, ({ vmid }) => vmid)].map(([vmid, some]) => [vmid, some.flatMap(listed)]));
  return (id) => found.get(id) ?? [];
}

/**
 * Whether a backup of this guest alone still works on an archive. Proxmox gives it its name first and its notes then: until they are
 * there a save point looks like a backup.
 */
export function isUnfinished({ vmid, ctime, notes = "" }: PlacedArchive, running: readonly RunningBackup[]): boolean {
  return notes === "" && running.some(({ guest, since }) => guest === vmid && since <= ctime);
}

/** An archive as a node lists it; none where it does not say of what kind of guest it is. */
function listed({ node, ...archive }: PlacedArchive): GuestArchive[] {
  const { volid, subtype, size, ctime, notes, verification } = archive;
  if (subtype === undefined) return [];
  const found = verification && plainText(verification.state);
  return [
    {
      volid,
      storage: storageOf(volid),
      node,
      type: subtype,
      size,
      time: ctime,
      notes: notes ?? "",
      verification: found,
    },
  ];
}

/** The same with the number that it bears. */
export function numbered(archive: PlacedArchive): (GuestArchive & { readonly vmid: number | undefined })[] {
  return listed(archive).map((one) => ({ ...one, vmid: archive.vmid }));
}

/** The newest backup of a guest among archives under its number. @param onNode the guest that is there */
export function chooseNewest(
  archives: readonly GuestArchive[],
  guest: Guest,
  onNode: NodeGuest | undefined,
  { now, timeZone }: NodeMoment,
): ArchiveChoice<GuestArchive> {
  const type = typeOfGuest(guest) ?? onNode?.type;
  return chooseArchive(archives, { kind: "newest" }, { vmid: guest.id, type, timeZone, now });
}

/** Archives by number, with what was recorded of the newest of each guest, and of those that it speaks against. */
export async function recordsOfNewest(
  client: ProxmoxClient,
  guests: readonly Guest[],
  archivesOf: (id: number) => readonly GuestArchive[],
  onNode: ReadonlyMap<number, NodeGuest>,
  clock: NodeMoment,
): Promise<(id: number) => readonly GuestArchive[]> {
  const bounds = { parallel: 8, perKey: 8, keyOf: () => "" };
  const known = new Map<number, readonly GuestArchive[]>();
  await runBounded(guests, bounds, async (guest) => {
    let archives = archivesOf(guest.id);
    const asked = new Set<string>();
    for (;;) {
      const { chosen } = chooseNewest(archives, guest, onNode.get(guest.id), clock);
      if (chosen === undefined || asked.has(keyOf(chosen))) break;
      asked.add(keyOf(chosen));
      const { record: verified, isUnread } = await readRecord(client, chosen.node, chosen);
      archives = archives.map((one) => (one === chosen ? { ...one, verified, isUnread } : one));
    }
    known.set(guest.id, archives);
  });
  return (id) => known.get(id) ?? archivesOf(id);
}

function keyOf({ volid, node }: GuestArchive): string {
  return `${volid} ${node}`;
}
