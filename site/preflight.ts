import { reboots } from "./changes/reboots";
import { replacementMessage, replacements, type LiveContainer } from "./changes/replacements";
import { readMark } from "./mark";
import { backupName, componentKinds, resourceTypes, urnOf } from "./resources";
import type { Environment, OwnedGuest } from "./settings/environment";

/**
 * What the program refuses to do before it registers anything (A9, A11, A14). The provider takes over a guest whose id is
 * taken and reports success, and an empty guest pushes the good archives of its id out of the storage: neither may happen
 * by accident. Pure: `stacks/preflight.ts` asks Proxmox.
 */

/** Who has the id of a declared guest. */
export type Occupant =
  | { readonly kind: "nobody" }
  /** A guest of one of both kinds; `description` as Proxmox returns it. */
  | ({
      readonly kind: OwnedGuest["kind"];
      readonly node: string;
      readonly name: string;
      readonly description: string;
    } & LiveContainer)
  /** Taken, but the token may not see by whom. */
  | { readonly kind: "unseen" }
  /** Proxmox could not say; the reason is one line. */
  | { readonly kind: "unknown"; readonly reason: string };

/** Archives of a guest on its environment's backup storage. Only asked for ids that are free. */
export type ArchivesOfId =
  | { readonly kind: "known"; readonly count: number; readonly newest?: number | undefined }
  /** The token lacks privileges, so that an empty list proves nothing. */
  | { readonly kind: "unseen"; readonly missing: readonly string[] }
  /** The storage is not there yet: nothing can be on it that Proxmox knows of. */
  | { readonly kind: "no-storage" }
  | { readonly kind: "unknown"; readonly reason: string };

export interface GuestFacts {
  readonly guest: OwnedGuest;
  readonly occupant: Occupant;
  readonly archives?: ArchivesOfId | undefined;
}

/** What Proxmox said about an environment. */
export interface SiteFacts {
  readonly guests: readonly GuestFacts[];
  /** Adopted guests of the settings that are not there. */
  readonly missingAdopted: readonly number[];
  /** Whether the environment's job is there; undefined where the token may not see. */
  readonly jobExists?: boolean | undefined;
  /** Guests with this environment's mark under ids that the settings do not have. */
  readonly strays?: readonly Stray[] | undefined;
  /** An id that is free and that no setting names; undefined where none was looked for. */
  readonly freeId?: number | undefined;
}

/** A guest that this environment has made, by its mark, and that is not where the settings have it. */
export interface Stray {
  /** Key in the settings that it was made for. */
  readonly guest: string;
  readonly id: number;
  readonly node: string;
}

/** A running guest that the provider would reboot, and why: one line each. */
export interface Reboot {
  readonly guest: string;
  readonly id: number;
  readonly reasons: readonly string[];
}

export interface Verdict {
  /** Each a complete message with its hint. Any of them stops the program. */
  readonly refusals: readonly string[];
  readonly warnings: readonly string[];
}

/** Decides about every guest, so that all refusals are told at once. */
export function judge(environment: Environment, facts: SiteFacts): Verdict {
  const verdicts = facts.guests.map((entry) => judgeGuest(environment, entry, facts));
  return {
    // One storage that is missing is one refusal, however many guests were to be on it.
    refusals: [...new Set(verdicts.flatMap(({ refusals }) => refusals))],
    warnings: [
      ...verdicts.flatMap(({ warnings }) => warnings),
      ...warnAboutAdopted(facts),
      ...warnAboutJob(environment, facts),
    ],
  };
}

/** Decides about the archives of free ids alone: for the moment at which a declared storage has just come to be. */
export function judgeArchives(environment: Environment, facts: readonly GuestFacts[]): Verdict {
  const verdicts = facts.map((entry) => judgeFreeId(environment, entry));
  return {
    refusals: verdicts.flatMap(({ refusals }) => refusals),
    warnings: verdicts.flatMap(({ warnings }) => warnings),
  };
}

/** Guests of this environment that an update would reboot (A11). */
export function rebootsIn(environment: Environment, { guests }: SiteFacts): Reboot[] {
  return guests.flatMap(({ guest, occupant }) => {
    if (guest.kind !== "container" || occupant.kind !== "container") return [];
    const mark = readMark(occupant.description);
    if (mark?.environment !== environment.name || mark.guest !== guest.name) return [];
    const reasons = reboots(guest, occupant);
    return reasons.length === 0 ? [] : [{ guest: guest.name, id: guest.id, reasons }];
  });
}

const fine: Verdict = { refusals: [], warnings: [] };

function judgeGuest(environment: Environment, facts: GuestFacts, { strays, freeId }: SiteFacts): Verdict {
  const { guest, occupant } = facts;
  switch (occupant.kind) {
    case "nobody": {
      const verdict = judgeFreeId(environment, facts);
      const stray = strays?.find((one) => one.guest === guest.name);
      // With archives of its own id the guest was lost, and what bears its mark is somebody's copy.
      return stray === undefined || verdict.refusals.length > 0 ? verdict : otherId(guest, stray);
    }
    case "container":
    case "virtual-machine":
      return judgeOccupant(environment, guest, occupant, freeId);
    case "unseen":
      return taken(guest, `id ${guest.id} belongs to a guest that the token may not see`, freeId);
    case "unknown":
      return warn(`Whether id ${guest.id} of guest ${guest.name} is free could not be found out: ${occupant.reason}`);
  }
}

function judgeOccupant(
  environment: Environment,
  guest: OwnedGuest,
  occupant: Extract<Occupant, { kind: OwnedGuest["kind"] }>,
  freeId: number | undefined,
): Verdict {
  const { kind, node, name, description } = occupant;
  const mark = readMark(description);
  const who = `${kind.replace("-", " ")} ${guest.id} (${name}) is on ${node}`;
  if (kind !== guest.kind) return taken(guest, who, freeId);
  if (mark === undefined) return taken(guest, `${who} and was not made by Lifeboat`, freeId);
  if (mark.environment !== environment.name) {
    return taken(guest, `${who} and is guest ${mark.guest} of environment ${mark.environment}`, freeId);
  }
  if (mark.guest !== guest.name) return renamed(guest, who, mark.guest);
  if (node !== guest.node) {
    const hint = `write \`node: ${node}\` in its settings, or migrate it back`;
    return refuse(`Unable to manage guest ${guest.name}: ${who}, and the settings say ${guest.node}`, hint);
  }
  if (guest.kind !== "container") return fine;
  const of = { environment: environment.name, guest };
  const found = replacements(of, occupant);
  return found.length === 0 ? fine : { refusals: [replacementMessage(of, found)], warnings: [] };
}

/** Pulumi would delete the guest with its data and make an empty one under the new id. */
function otherId({ name, id }: OwnedGuest, { id: found, node }: Stray): Verdict {
  return refuse(
    `Unable to change the id of guest ${name} from ${found} to ${id}: ${found} on ${node} would be deleted, and ${id} would be empty`,
    `write \`id: ${found}\`; a copy of it under another id comes from a backup: lifeboat restore guest ${name} --target-id ${id}`,
  );
}

/** Pulumi would take a renamed guest for a new one and delete the old one: they are the same guest. */
function renamed(guest: OwnedGuest, who: string, before: string): Verdict {
  return refuse(
    `Unable to create guest ${guest.name}: ${who} and is guest ${before} of this environment; Pulumi would delete it`,
    `keep ${before} as its key and write \`hostname: ${guest.hostname}\` there`,
  );
}

function taken({ id, name }: OwnedGuest, why: string, freeId: number | undefined): Verdict {
  const other = freeId === undefined ? "give it another id" : `give it another id, such as ${freeId}, which is free`;
  return refuse(
    `Unable to create guest ${name}: ${why}`,
    `to back it up without owning it, write \`${name}: { adopt: ${id} }\`; otherwise ${other}`,
  );
}

function judgeFreeId({ backup }: Environment, { guest, archives }: GuestFacts): Verdict {
  if (guest.fresh || archives === undefined) return fine;
  const unable = `Unable to create guest ${guest.name} (${guest.id}):`;
  switch (archives.kind) {
    case "no-storage":
      return backup.storage.type === "adopted" ? noAdoptedStorage(guest, backup.storage.id) : fine;
    case "known":
      if (archives.count === 0) return fine;
      return refuse(
        `${unable} storage ${backup.storage.id} holds ${describeArchives(archives)}; backups of an empty guest would push them out`,
        `lifeboat restore guest ${guest.name}\n      or, to begin anew, write \`fresh: true\` in its settings`,
      );
    case "unseen":
      return refuse(
        `${unable} whether storage ${backup.storage.id} holds archives of it cannot be seen`,
        `grant the token ${archives.missing.join(" and ")}, or write \`fresh: true\` in its settings`,
      );
    case "unknown":
      return warn(
        `Whether storage ${backup.storage.id} holds archives of guest ${guest.name} (${guest.id}) could not be found out: ${archives.reason}`,
      );
  }
}

function noAdoptedStorage({ node }: OwnedGuest, storage: string): Verdict {
  return refuse(
    `Unable to use storage ${storage}: it is not on ${node}, or the token may not see it`,
    "write the id of a storage that exists, or declare it: `{ id, type, … }` in place of `adopt: true`",
  );
}

function describeArchives({ count, newest }: { readonly count: number; readonly newest?: number | undefined }): string {
  const many = count === 1 ? "an archive of it" : `${count} archives of it`;
  if (newest === undefined) return many;
  const moment = new Date(newest * 1000).toISOString().replace("T", " ").slice(0, 16);
  return `${many}, ${count === 1 ? "" : "the newest "}of ${moment} UTC`;
}

function warnAboutAdopted({ missingAdopted }: SiteFacts): string[] {
  return missingAdopted.map((id) => `Adopted guest ${id} is not there; the job will fail over it.`);
}

/** A job that was deleted by hand stays in Pulumi's state, so that no update makes it again and nothing is backed up. */
function warnAboutJob({ name, backup }: Environment, { guests, jobExists }: SiteFacts): string[] {
  const deployed = guests.some(
    ({ guest, occupant }) =>
      (occupant.kind === "container" || occupant.kind === "virtual-machine") &&
      readMark(occupant.description)?.environment === name &&
      guest.optOut === undefined,
  );
  if (jobExists !== false || !deployed) return [];
  const { component, child } = componentKinds["backup-job"];
  const types = [component, resourceTypes["backup-job"]];
  const urn = urnOf({ project: "lifeboat", stack: name, types, name: child(backupName) });
  return [
    `Backup job ${backup.jobId} is not there although its guests are: nothing backs them up.\n` +
      `HINT: if it was deleted by hand, run \`pulumi state delete '${urn}' -s ${name}\`, then \`pulumi up -s ${name}\``,
  ];
}

function refuse(message: string, hint: string): Verdict {
  return { refusals: [`${message}\nHINT: ${hint}`], warnings: [] };
}

function warn(message: string): Verdict {
  return { refusals: [], warnings: [message] };
}
