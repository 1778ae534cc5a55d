import { markArchives, type Retention } from "../../proxmox/rules/retention";
import { isOver } from "../opt-outs";
import type { CalendarDay, Environment, Guest, HazardName } from "../settings/environment";
import { listNames, type PolicyFinding } from "./policy-finding";
import { storeOf, type Neighbour } from "./neighbours";

/** What is known of the storage for backups. */
export interface BackupStorageFacts {
  /** Every node sees the same content. Undefined where that is not known. */
  readonly shared: boolean | undefined;
  /** The storage has a retention of its own, in Proxmox's words. Undefined without one, or where it cannot be seen. */
  readonly retention: string | undefined;
}

/** An archive that the job's retention may remove. */
export interface JobArchive {
  readonly volid: string;
  readonly vmid: number;
  /** Unix seconds. */
  readonly time: number;
  readonly protected: boolean;
}

/** What the rule has to know besides the settings. */
export interface HazardFacts {
  readonly today: CalendarDay;
  /** Unix seconds, the node's clock. */
  readonly now: number;
  readonly timeZone: string;
  readonly storage: BackupStorageFacts;
  /** Storages of each adopted guest's disks, by id. */
  readonly adoptedStorages: ReadonlyMap<number, readonly string[]>;
  /** What the job keeps now; undefined where there is no job yet, or it cannot be seen. */
  readonly presentRetention: Retention | undefined;
  /**
   * Archives of the environment's guests on the storage, where the retention is about to change. Undefined: it could not be listed,
   * which is not an empty one.
   */
  readonly archives: readonly JobArchive[] | undefined;
  /** The other environments beside this one. */
  readonly neighbours: readonly Neighbour[];
}

/**
 * Weak points that no rule can forbid (A12), without those that somebody has acknowledged.
 *
 * A directory is on its node, and NFS and a backup server are elsewhere; an adopted storage is what Proxmox says.
 */
export function hazardFindings(environment: Environment, facts: HazardFacts): PolicyFinding[] {
  const guests = environment.guests.filter(({ optOut }) => optOut === undefined);
  if (guests.length === 0) return [];
  return [
    ...ownNode(environment, guests, facts),
    ...ownStorage(environment, guests, facts),
    ...sharedIds(environment, facts),
    ...twoRetentions(environment, facts),
    ...retentionCut(environment, facts),
  ];
}

/** Guests for which nobody has acknowledged a hazard. */
export function open<Kind extends Guest>(
  hazard: HazardName,
  guests: readonly Kind[],
  { acknowledgements }: Environment,
  today: CalendarDay,
): Kind[] {
  const counting = acknowledgements.filter((entry) => entry.hazard === hazard && !isOver(entry, today));
  return guests.filter(({ name }) => !counting.some(({ guest }) => guest === undefined || guest === name));
}

function ownNode(environment: Environment, guests: readonly Guest[], { storage, today }: HazardFacts): PolicyFinding[] {
  if (storage.shared !== false) return [];
  const concerned = open("own-node", guests, environment, today).map(({ name }) => name);
  if (concerned.length === 0) return [];
  const { id } = environment.backup.storage;
  return [
    hazard("own-node", ["backup", "storage"], concerned, {
      text: `the only backups of ${listNames(concerned)} lie on their own node (storage ${id}): who loses the node loses both`,
      hint: "back up to a storage elsewhere (nfs, pbs), or copy the archives away",
    }),
  ];
}

function ownStorage(environment: Environment, guests: readonly Guest[], facts: HazardFacts): PolicyFinding[] {
  const { id } = environment.backup.storage;
  const beside = guests.filter((guest) => storagesOf(guest, facts).includes(id));
  const concerned = open("own-storage", beside, environment, facts.today).map(({ name }) => name);
  if (concerned.length === 0) return [];
  return [
    hazard("own-storage", ["backup", "storage"], concerned, {
      text: `the backups of ${listNames(concerned)} lie on the storage of their disks (${id}): who loses it loses both`,
      hint: "back up to a storage that holds no disks",
    }),
  ];
}

function storagesOf(guest: Guest, { adoptedStorages }: HazardFacts): readonly string[] {
  if (guest.kind === "adopted") return adoptedStorages.get(guest.id) ?? [];
  if (guest.kind === "virtual-machine") return guest.disks.map(({ storage }) => storage);
  return [guest.root.storage, ...guest.disks.flatMap((disk) => (disk.kind === "volume" ? [disk.storage] : []))];
}

/** Two standalone nodes do not know of each other's ids: on one storage their archives are taken for one guest's. */
function sharedIds(environment: Environment, { neighbours, today }: HazardFacts): PolicyFinding[] {
  const store = storeOf(environment.backup.storage);
  if (store === undefined) return [];
  const others = neighbours.filter((other) => other.store === store && other.endpoint !== environment.proxmox.endpoint);
  return others.flatMap((other) => {
    const both = environment.guests.filter(({ id, optOut }) => optOut === undefined && other.ids.includes(id));
    const concerned = open("shared-ids", both, environment, today);
    if (concerned.length === 0) return [];
    const ids = listNames(concerned.map(({ id }) => String(id)));
    return [
      hazard(
        "shared-ids",
        ["backup", "storage"],
        concerned.map(({ name }) => name),
        {
          text: `environment ${other.name} has guests of the same ids (${ids}) on another node and writes to the same storage: each retention removes archives of the other`,
          hint: "use other ids, or a storage or namespace of its own for each node",
        },
      ),
    ];
  });
}

function twoRetentions(environment: Environment, { storage, today }: HazardFacts): PolicyFinding[] {
  if (storage.retention === undefined || open("two-retentions", environment.guests, environment, today).length === 0) {
    return [];
  }
  const { id } = environment.backup.storage;
  return [
    hazard("two-retentions", ["backup", "keep"], [], {
      text: `storage ${id} has a retention of its own (${storage.retention}) beside the job's: backups that are made by hand follow the storage's`,
      hint: `remove the storage's retention: pvesm set ${id} --delete prune-backups`,
    }),
  ];
}

/** More than this share of the archives would go at the next run. */
const tooMuch = 1 / 3;

/** Archives that a finding lists; the rest is counted. */
const listed = 10;

function retentionCut(environment: Environment, facts: HazardFacts): PolicyFinding[] {
  const { presentRetention, archives, now, timeZone, today } = facts;
  const concerned = open("retention-cut", environment.guests, environment, today);
  if (presentRetention === undefined || archives?.length === 0 || concerned.length === 0) return [];
  if (archives === undefined) {
    return [
      hazard("retention-cut", ["backup", "keep"], [], {
        text: `which archives the new retention removes at the next run is not known: storage ${environment.backup.storage.id} could not be listed`,
        hint: "let the token list it before the next run: lifeboat doctor",
      }),
    ];
  }
  const removed = removedByNextRun(archives, environment.backup.keep, now, timeZone);
  if (removed.length <= archives.length * tooMuch) return [];
  const more = removed.length - listed;
  return [
    hazard("retention-cut", ["backup", "keep"], [], {
      text: `the new retention removes ${String(removed.length)} of ${String(archives.length)} archives at the next run`,
      details: [
        ...removed.slice(0, listed).map(({ volid }) => `- ${volid}`),
        ...(more > 0 ? [`… and ${String(more)} more`] : []),
      ],
      hint: "keep more, or protect what must stay in Proxmox",
    }),
  ];
}

/** What goes when each guest has one more archive, as the next run makes it. */
export function removedByNextRun(
  archives: readonly JobArchive[],
  keep: Retention,
  now: number,
  timeZone: string,
): JobArchive[] {
  const ids = [...new Set(archives.map(({ vmid }) => vmid))];
  const next = ids.map((vmid) => ({ vmid, time: now, protected: false, volid: "" }));
  const all = [...archives, ...next];
  const marks = markArchives(
    all.map(({ vmid, time, protected: isProtected }) => ({ time, protected: isProtected, group: String(vmid) })),
    keep,
    timeZone,
  );
  return archives.filter((_, index) => marks[index] === "remove");
}

export function hazard(
  name: HazardName,
  path: readonly string[],
  guests: readonly string[],
  { text, details = [], hint }: { text: string; details?: readonly string[]; hint: string },
): PolicyFinding {
  const accept = `accept it with \`- { hazard: ${name}, reason: WHY, owner: WHO, until: DAY }\` in lifeboat:acknowledge`;
  return { policy: "hazards", path, weight: "note", guests, text, details, hint: `${hint}; or ${accept}` };
}
