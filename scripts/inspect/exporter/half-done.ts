import { isSavePoint } from "../../../site/restore/save-point";
import type { Guest } from "../../../site/settings/environment";
import { isDown } from "../status/declared";
import { leftCopies } from "../status/drills";
import { backupsOf } from "../status/guest-backups";
import type { EnvironmentFacts } from "../status/read-environment";
import type { JournalStatus } from "../status/unfinished";

/** An operation that has begun and not ended. */
export interface HalfDone {
  readonly kind: string;
  /** Empty: it is of no one guest. */
  readonly guest: string;
  readonly id: string;
  /** Unix seconds. */
  readonly began: number;
}

/**
 * What is half done: by the journals of this machine, and by what operations of other machines leave on the nodes. A restore
 * leaves a save point, and then a guest that is stopped, locked or not there; a drill leaves copies.
 */
export function halfDone(guests: readonly Guest[], facts: EnvironmentFacts, { unfinished }: JournalStatus): HalfDone[] {
  const own = unfinished.filter(({ process }) => process === undefined);
  const inJournals = new Set(unfinished.flatMap((operation) => operation.guests));
  const names = new Map(guests.map(({ id, name }) => [id, name]));
  return [
    ...own.map((operation): HalfDone => {
      const [id, other] = operation.guests;
      const isOne = id !== undefined && other === undefined;
      const began = Date.parse(operation.startedAt) / 1_000;
      return { kind: operation.kind, guest: (isOne && names.get(id)) || "", id: isOne ? String(id) : "", began };
    }),
    ...guests.filter(({ id }) => !inJournals.has(id)).flatMap((guest) => restoreOf(guest, facts)),
    ...leftCopies(facts.drills, unfinished, facts.now).map(({ vmid, mark }): HalfDone => ({
      kind: "drill",
      guest: facts.onNode.get(vmid)?.name ?? "",
      id: String(vmid),
      began: mark.time,
    })),
  ];
}

function restoreOf(guest: Guest, facts: EnvironmentFacts): HalfDone[] {
  const times = backupsOf(guest, facts)
    .archives.filter(({ notes }) => isSavePoint(notes))
    .map(({ time }) => time);
  if (times.length === 0 || !isBroken(guest, facts)) return [];
  return [{ kind: "restore", guest: guest.name, id: String(guest.id), began: Math.max(...times) }];
}

/** Proxmox keeps the lock `create` on a guest whose restore has died. */
function isBroken(guest: Guest, { onNode, hidden }: EnvironmentFacts): boolean {
  const found = onNode.get(guest.id);
  if (found === undefined) return !hidden.has(guest.id);
  return isDown(guest, found.status) || found.lock === "create";
}
