import { diskOptOuts, isOver } from "../opt-outs";
import type { AdoptedGuest, CalendarDay, Environment, Guest, OptOut } from "../settings/environment";
import type { PolicyFinding } from "./policy-finding";

/** A disk of a guest as its live configuration has it, and a backup job sees it. */
export interface LiveDisk {
  /** Proxmox's key: `rootfs`, `mp0`, `scsi0`. */
  readonly key: string;
  /** Volume id, or the path of a bind mount. */
  readonly volume: string;
  /** A backup of the guest holds it. */
  readonly included: boolean;
}

/** What the rule has to know besides the settings. */
export interface CoverageFacts {
  /** By the node's wall clock. */
  readonly today: CalendarDay;
  /** Disks of adopted guests by id; a guest that could not be looked at is missing. */
  readonly adoptedDisks: ReadonlyMap<number, readonly LiveDisk[]>;
}

/**
 * Every guest and every disk is backed up, or somebody answers for it that it is not (A7). That a guest which the program
 * makes has no disk without a flag is a matter of its schema: here are the opt-outs whose day is past, and the disks of
 * guests that were made by hand.
 */
export function coverageFindings({ guests, backup }: Environment, facts: CoverageFacts): PolicyFinding[] {
  return [
    ...(backup.enabled || guests.length === 0 ? [] : [jobIsOff()]),
    ...guests.flatMap((guest) => guestFindings(guest, facts)),
  ];
}

function jobIsOff(): PolicyFinding {
  return {
    policy: "coverage",
    path: ["backup", "enabled"],
    weight: "broken",
    guests: [],
    text: "the backup job is switched off, so that no guest is backed up",
    details: [],
    hint: "write `enabled: true`; for an emergency, suspend the policy coverage in lifeboat:suspend",
  };
}

/** What is said about one guest. */
export function guestFindings(guest: Guest, facts: CoverageFacts): PolicyFinding[] {
  const { name, optOut } = guest;
  if (optOut !== undefined) return optOutFindings(guest, ["backup"], `guest ${name}`, optOut, facts);
  return [
    ...diskOptOuts(guest).flatMap(({ disk, optOut: ofDisk }) =>
      optOutFindings(guest, ["disks", disk, "backup"], `disk ${disk} of guest ${name}`, ofDisk, facts),
    ),
    ...(guest.kind === "adopted" ? adoptedFindings(guest, facts) : []),
  ];
}

/** An opt-out that ends within so many days is told while there is time to decide. */
const noticeDays = 14;

function optOutFindings(
  { name }: Guest,
  path: readonly string[],
  what: string,
  optOut: OptOut,
  { today }: CoverageFacts,
): PolicyFinding[] {
  const { until, owner, reason } = optOut;
  const expired = isOver(optOut, today);
  if (!expired && daysBetween(today, until) > noticeDays) return [];
  return [
    {
      policy: "coverage",
      path: ["guests", name, ...path, "until"],
      weight: expired ? "broken" : "note",
      guests: [name],
      text: expired
        ? `${what} was left out of backups until ${until} only (${reason}; owner: ${owner})`
        : `${what} is left out of backups until ${until} (${reason}; owner: ${owner}); afterwards previews fail`,
      details: [],
      hint: "back it up by removing `backup`, or decide again and write a later day",
    },
  ];
}

function daysBetween(from: CalendarDay, to: CalendarDay): number {
  return (Date.parse(to) - Date.parse(from)) / 86_400_000;
}

function adoptedFindings(guest: AdoptedGuest, { adoptedDisks }: CoverageFacts): PolicyFinding[] {
  const disks = adoptedDisks.get(guest.id) ?? [];
  return disks
    .filter(({ key, included }) => !included && guest.diskOptOuts[key] === undefined)
    .map(({ key, volume }) => ({
      policy: "coverage",
      path: ["guests", guest.name, "disks", key],
      weight: "broken",
      guests: [guest.name],
      text: `disk ${key} (${volume}) of guest ${guest.name} is in no backup, and nothing says why`,
      details: [],
      hint: `switch its backup on in Proxmox, or write \`disks: { ${key}: { backup: { exclude: WHY, owner: WHO, until: DAY } } }\``,
    }));
}
