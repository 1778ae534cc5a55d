import { type Block, table } from "../../terminal/document/document";
import { formatAge, formatBytes, formatDuration } from "../../terminal/durations";
import type { InventoryEnvironment, InventoryGuest } from "./inventory";
import { momentOf, unknownWord } from "./words";

/** What is told of guests, their disks and their snapshots. */
export function guestTables(
  environment: InventoryEnvironment,
): Readonly<Record<"guests" | "disks" | "snapshots", Block[]>> {
  const { guests } = environment;
  const disks = guests.flatMap((guest) => guest.disks.map((disk) => diskRow(guest, disk)));
  const snapshots = guests.flatMap(({ name, snapshots: wanted }) => {
    if (wanted === null) return [];
    const { schedule, keep, count } = wanted;
    return [[name, schedule, String(keep), count === null ? unknownWord : String(count)]];
  });
  return {
    guests: rowsOr(
      [
        "GUEST",
        "ID",
        "KIND",
        "NODE",
        "STATE",
        "HOW OFTEN",
        "NEWEST",
        "AGE",
        "MAY BE",
        "SIZE",
        "BACKUPS",
        "STORAGE",
        "PROVEN",
        "READ",
      ],
      guests.map((guest) => guestRow(guest, environment)),
    ),
    disks: rowsOr(["GUEST", "DISK", "PLACE", "STORAGE", "SIZE", "BACKED UP", "WHY"], disks),
    snapshots: rowsOr(["GUEST", "HOW OFTEN", "KEPT", "THERE ARE"], snapshots),
  };
}

export function rowsOr(columns: readonly string[], rows: readonly (readonly string[])[]): Block[] {
  return rows.length === 0 ? [] : [table(columns, rows)];
}

function guestRow(guest: InventoryGuest, environment: InventoryEnvironment): string[] {
  const { name, id, kind, node, state, optOut, newest, allSeen, rpoSeconds } = guest;
  const none = allSeen ? "none" : unknownWord;
  return [
    name,
    String(id),
    kind,
    node,
    state,
    optOut === null
      ? `'${environment.job.schedule}'`
      : `never until ${optOut.until}: ${optOut.reason} (${optOut.owner})`,
    newest === null ? none : momentOf(newest.time, environment),
    newest === null ? none : formatAge(newest.ageSeconds),
    formatDuration(rpoSeconds),
    newest === null ? none : formatBytes(newest.size),
    backupsText(guest),
    newest === null ? none : newest.storage,
    proofText(guest, environment),
    newest === null ? none : newest.verified === null ? "never" : momentOf(newest.verified, environment),
  ];
}

function backupsText({ backups, allSeen, otherNumber }: InventoryGuest): string {
  const own = backups === null ? unknownWord : `${String(backups)}${allSeen ? "" : " or more"}`;
  return otherNumber === null ? own : `${own}; ${String(otherNumber.backups)} under ${String(otherNumber.id)}`;
}

/** A restore that was tried proves more than that the archive can be read. */
function proofText({ proof, optOut }: InventoryGuest, environment: InventoryEnvironment): string {
  if (optOut !== null) return "left out";
  if (proof === null) return environment.unseen === null ? "no drill is declared" : unknownWord;
  const { result, time } = proof;
  if (time === null) return result;
  return result === "proven" ? momentOf(time, environment) : `${result} ${momentOf(time, environment)}`;
}

function diskRow({ name }: InventoryGuest, disk: InventoryGuest["disks"][number]): string[] {
  const { key, place, storage, size, backedUp, why, declared } = disk;
  return [
    name,
    key,
    place ?? "",
    storage ?? "a folder of the node",
    size === null ? "" : formatBytes(size),
    backedUp === null ? unknownWord : backedUp ? "yes" : "no",
    why ?? (declared || backedUp === true ? "" : "in no settings"),
  ];
}
