import { parseVolumeId } from "../../../proxmox/rules/volume-ids";
import type { LiveDisk } from "../../../site/policies/coverage";
import type { Bytes, Guest, OptOut } from "../../../site/settings/environment";
import type { GuestStatus } from "../status/guest-status";
import type { NodeLook } from "../check/look";
import type { InventoryGuest } from "./inventory";

type InventoryDisk = InventoryGuest["disks"][number];

/** A disk as the settings have it. */
interface DeclaredDisk {
  readonly key: string;
  readonly place: string | null;
  readonly storage: string | null;
  readonly size: Bytes | null;
  readonly why: string | null;
}

/** A guest by its settings, and by what its node told of it. @param look undefined: its node gave no answer */
export function inventoryOfGuest(guest: Guest, look: NodeLook | undefined): InventoryGuest {
  const { name, id, kind, node, objectives, optOut } = guest;
  const seen = look?.status.guests.find((one) => one.id === id);
  const { snapshots } = guest;
  return {
    name,
    id,
    kind,
    node,
    state: seen?.state ?? "unknown",
    rpoSeconds: objectives.rpo,
    rtoSeconds: objectives.rto ?? null,
    optOut: optOut === undefined ? null : partsOf(optOut),
    disks: disksOf(guest, look),
    ...backupsOf(seen),
    proof: seen?.drill === undefined ? null : { result: seen.drill.result, time: seen.drill.time ?? null },
    snapshots:
      snapshots === undefined
        ? null
        : { schedule: snapshots.schedule, keep: snapshots.keep, count: countOf(seen?.snapshots) },
  };
}

function partsOf({ reason, owner, until }: OptOut): NonNullable<InventoryGuest["optOut"]> {
  return { reason, owner, until };
}

/** A list that could not be read has no length. */
function countOf(snapshots: GuestStatus["snapshots"]): number | null {
  if (snapshots === undefined) return null;
  return snapshots.count === 0 && snapshots.problem !== undefined ? null : snapshots.count;
}

function backupsOf(
  seen: GuestStatus | undefined,
): Pick<InventoryGuest, "newest" | "otherNumber" | "allSeen" | "backups" | "savePoints"> {
  if (seen === undefined) return { newest: null, otherNumber: null, allSeen: false, backups: null, savePoints: null };
  const { newest, otherNumber, allSeen, backups, savePoints } = seen;
  // What was seen may be some of them: a number of none would be taken for the truth.
  const isCounted = allSeen || backups > 0;
  return {
    newest:
      newest === undefined
        ? null
        : {
            archive: newest.archive,
            storage: newest.storage,
            time: newest.time,
            ageSeconds: newest.ageSeconds,
            size: newest.size,
            verified: newest.verified ?? null,
          },
    otherNumber: otherNumber ?? null,
    allSeen,
    backups: isCounted ? backups : null,
    savePoints: isCounted ? savePoints : null,
  };
}

/** Those of the settings, and those that only the node has. */
function disksOf(guest: Guest, look: NodeLook | undefined): InventoryDisk[] {
  // Those of another that has its number are none of its own.
  const live = look?.taken.has(guest.id) === true ? undefined : look?.facts.inJob.get(guest.id);
  const declared = declaredDisks(guest);
  const named = new Set(declared.map(({ key }) => key));
  return [
    ...declared.map((disk) => ({ ...disk, declared: true, backedUp: isBackedUp(guest, disk.key, look) })),
    ...(live ?? []).filter(({ key }) => !named.has(key)).map((disk) => liveDisk(guest, disk)),
  ];
}

/** The job's own list says so. Who is in no job is in no backup; who cannot be seen is not known. */
function isBackedUp({ id }: Guest, key: string, look: NodeLook | undefined): boolean | null {
  if (look === undefined || look.taken.has(id)) return null;
  const { inJob, hidden, onNode } = look.facts;
  const disks = inJob.get(id);
  if (disks !== undefined) return disks.find((disk) => disk.key === key)?.included ?? null;
  return hidden.has(id) || !onNode.has(id) ? null : false;
}

function liveDisk(guest: Guest, { key, volume, included }: LiveDisk): InventoryDisk {
  const optOut = guest.kind === "adopted" ? guest.diskOptOuts[key] : undefined;
  const storage = parseVolumeId(volume)?.storage ?? null;
  const why = optOut === undefined ? null : whyLeftOut(optOut);
  return { key, place: null, storage, size: null, declared: false, backedUp: included, why };
}

function declaredDisks(guest: Guest): DeclaredDisk[] {
  if (guest.kind === "adopted") return [];
  if (guest.kind === "virtual-machine") {
    return guest.disks.map(({ key, storage, size, optOut }) => ({
      key,
      place: null,
      storage,
      size,
      why: optOut === undefined ? null : whyLeftOut(optOut),
    }));
  }
  const { root, disks } = guest;
  return [
    { key: "rootfs", place: "/", storage: root.storage, size: root.size, why: null },
    ...disks.map((disk, index): DeclaredDisk => {
      const key = `mp${String(index)}`;
      if (disk.kind === "bind") {
        const why = `folder ${disk.bind} of the node; protected by: ${disk.protectedBy}`;
        return { key, place: disk.mount, storage: null, size: null, why };
      }
      const why = disk.optOut === undefined ? null : whyLeftOut(disk.optOut);
      return { key, place: disk.mount, storage: disk.storage, size: disk.size, why };
    }),
  ];
}

function whyLeftOut({ reason, owner, until }: OptOut): string {
  return `left out until ${until}: ${reason} (${owner})`;
}
