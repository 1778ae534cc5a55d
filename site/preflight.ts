import { missingLines, type NeededPrivilege } from "../proxmox/rules/privileges";
import { reboots } from "./changes/reboots";
import { replacementMessage, replacements, type LiveContainer } from "./changes/replacements";
import { readMark } from "./mark";
import { isOver } from "./opt-outs";
import { backupName, recordedAs } from "./resources";
import type { CalendarDay, Environment, OwnedGuest } from "./settings/environment";

/**
 * What the program refuses to do before it registers anything (A9, A11, A14, A15). The provider takes over a guest whose id
 * is taken and reports success, and an empty guest pushes the good archives of its id out of the storage: neither may happen
 * by accident, nor because somebody could not be asked. Pure: `stacks/preflight.ts` asks Proxmox.
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
  /** It selects its guests in another way than by their ids: somebody switched it to all of them, or to a pool. */
  readonly jobIsSwitched?: boolean | undefined;
  /** Whether the storage that the settings declare is there; undefined for an adopted one. */
  readonly storageExists?: boolean | undefined;
  /** URNs of everything in the stack's state; undefined where it could not be read. */
  readonly recorded?: readonly string[] | undefined;
  /** Pools of the settings that are not there. */
  readonly missingPools?: readonly string[] | undefined;
  /** Undefined: nobody has asked. */
  readonly rights?: Rights | undefined;
  /** Guests with this environment's mark under ids that the settings do not have. */
  readonly strays?: readonly Stray[] | undefined;
  /** An id that is free and that no setting names; undefined where none was looked for. */
  readonly freeId?: number | undefined;
}

/** What the token may do of what an update may need. */
export interface Rights {
  readonly missing: readonly NeededPrivilege[];
  /** It may change nothing at all: a token for previews. */
  readonly onlyLooks: boolean;
}

/** The run that the facts are judged for. */
export interface Run {
  /** Nothing is made: what is not known is told, and stops an update only. */
  readonly preview: boolean;
  readonly today: CalendarDay;
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
export function judge(environment: Environment, facts: SiteFacts, run: Run): Verdict {
  const verdict = together([
    judgeRights(environment, facts, run),
    judgePools(environment, facts),
    judgeKnowledge(environment, facts),
    ...facts.guests.map((entry) => judgeGuest(environment, entry, facts, run)),
  ]);
  // One storage that is missing is one refusal, however many guests were to be on it.
  return { refusals: [...new Set(verdict.refusals)], warnings: [...verdict.warnings, ...warnAboutAdopted(facts)] };
}

/** Decides about the archives of free ids alone: for the moment at which a declared storage has just come to be. */
export function judgeArchives(environment: Environment, facts: readonly GuestFacts[], run: Run): Verdict {
  return together(facts.map((entry) => judgeFreeId(environment, entry, run)));
}

/** Nothing could be asked: then no id is known to be free, and no storage to be empty. @param reason why, one line */
export function judgeUnasked(environment: Environment, reason: string, run: Run): Verdict {
  if (run.preview) return fine;
  const { name } = environment;
  const open = environment.guests.filter(
    (guest): guest is OwnedGuest => guest.kind !== "adopted" && !isAccepted(environment, guest, run),
  );
  const [first] = open;
  if (first === undefined) return fine;
  const names = open.map((guest) => guest.name).join(", ");
  return refuse(
    `Unable to deploy ${name}: whether the ids of its guests are free, and whether there are archives of them, cannot be asked: ${reason}`,
    `once the node answers: pulumi up -s ${name}; ${acceptance(first)} (one entry for each: ${names})`,
  );
}

function together(verdicts: readonly Verdict[]): Verdict {
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

function judgeGuest(environment: Environment, facts: GuestFacts, { strays, freeId }: SiteFacts, run: Run): Verdict {
  const { guest, occupant } = facts;
  switch (occupant.kind) {
    case "nobody": {
      const verdict = judgeFreeId(environment, facts, run);
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
      return unknown(environment, guest, run, {
        what: `Whether id ${guest.id} of guest ${guest.name} is free could not be found out`,
        reason: occupant.reason,
      });
  }
}

/** What cannot be asked is not free (A15): it stops an update, unless somebody has accepted just that for this guest. */
function unknown(
  environment: Environment,
  guest: OwnedGuest,
  run: Run,
  { what, reason }: { readonly what: string; readonly reason: string },
): Verdict {
  const text = `${what}: ${reason}`;
  if (isAccepted(environment, guest, run)) return warn(`${text}; lifeboat:acknowledge accepts that`);
  if (run.preview) return warn(`${text}; an update is refused meanwhile`);
  const { name } = environment;
  return refuse(
    `Unable to deploy ${name}: ${lowerFirst(text)}`,
    `once it can be asked: pulumi up -s ${name}; ${acceptance(guest)}`,
  );
}

function isAccepted({ acknowledgements }: Environment, { name }: OwnedGuest, { today }: Run): boolean {
  return acknowledgements.some(
    (entry) => entry.hazard === "unchecked" && entry.guest === name && !isOver(entry, today),
  );
}

function acceptance({ name }: OwnedGuest): string {
  const entry = `- { hazard: unchecked, guest: ${name}, reason: WHY, owner: WHO, until: DAY }`;
  return `or, if you know that neither is there, accept it with \`${entry}\` in lifeboat:acknowledge`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
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

function judgeFreeId(environment: Environment, { guest, archives }: GuestFacts, run: Run): Verdict {
  if (guest.fresh || archives === undefined) return fine;
  const { backup } = environment;
  const what = `Whether storage ${backup.storage.id} holds archives of guest ${guest.name} (${guest.id}) could not be found out`;
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
    case "unseen": {
      const missing = archives.missing.join(" and ");
      // Proxmox knows no right to see archives that is not one to make them, too: whoever can only look makes previews.
      if (run.preview) return warn(`${what}: the token lacks ${missing}, and an update with it is refused`);
      return refuse(
        `${unable} whether storage ${backup.storage.id} holds archives of it cannot be seen`,
        `grant the token ${missing}, or write \`fresh: true\` in its settings`,
      );
    }
    case "unknown":
      return unknown(environment, guest, run, { what, reason: archives.reason });
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

/** A privilege that is missing would end an update half-way, with some of its resources made. */
function judgeRights({ name }: Environment, { rights }: SiteFacts, { preview }: Run): Verdict {
  if (rights === undefined || rights.missing.length === 0 || (preview && rights.onlyLooks)) return fine;
  const lines = missingLines(rights.missing);
  const hint = `lifeboat doctor ${name} --print-setup prints the lines that give it`;
  if (preview) {
    return warn(
      [`The token may not do all of this, and an update with it is refused:`, ...indented(lines), `HINT: ${hint}`].join(
        "\n",
      ),
    );
  }
  return refuse([`Unable to deploy ${name}: the token may not do all of it`, ...indented(lines)].join("\n"), hint);
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

/** Proxmox refuses to make a guest in a pool that is not there, and says that it is not allowed. */
function judgePools({ name }: Environment, { missingPools = [] }: SiteFacts): Verdict {
  return together(
    missingPools.map((pool) =>
      refuse(
        `Unable to deploy ${name}: there is no pool ${pool}, or the token may not see it`,
        `make it on a node: pveum pool add ${pool}; privileges on it: lifeboat doctor ${name} --print-setup`,
      ),
    ),
  );
}

/** What Pulumi's state does not know Pulumi makes, and Proxmox makes no second storage or job of an id. */
function judgeKnowledge(environment: Environment, facts: SiteFacts): Verdict {
  const ofJob = judgeJob(environment, facts);
  const isEmpty = facts.recorded !== undefined && !facts.recorded.some((urn) => urn.includes("::lifeboat:backups:"));
  if (ofJob.refusals.length === 0 || !isEmpty) return together([judgeStorage(environment, facts), ofJob]);
  const { name, backup } = environment;
  return refuse(
    `Unable to deploy ${name}: backup job ${backup.jobId} is there already, and the state of the stack is empty`,
    `if the state was lost, bring it back (lifeboat restore state ${name} --list) or take in what is there (lifeboat state import-file ${name}); if the job is somebody else's, choose another id: lifeboat:backup.job`,
  );
}

function judgeStorage(environment: Environment, { storageExists, recorded }: SiteFacts): Verdict {
  const { name, backup } = environment;
  const { id, type } = backup.storage;
  if (type === "adopted" || storageExists !== true || recorded === undefined) return fine;
  if (recordedAs(recorded, "backup-storage", type, backupName) !== undefined) return fine;
  return refuse(
    `Unable to deploy ${name}: storage ${id} is there already, and the state of the stack does not know it`,
    `to use it as it is, write \`storage: { id: ${id}, adopt: true }\`; if this stack has made it, give up its entry on a node, which leaves the archives alone: pvesm remove ${id}`,
  );
}

function judgeJob(environment: Environment, facts: SiteFacts): Verdict {
  const { name, backup } = environment;
  const { jobExists, recorded } = facts;
  const urn = recorded && recordedAs(recorded, "backup-job", "backup-job", backupName);
  const hasGuests = environment.guests.some(({ optOut }) => optOut === undefined);
  if (jobExists === true && recorded !== undefined && urn === undefined && hasGuests) {
    return refuse(
      `Unable to deploy ${name}: backup job ${backup.jobId} is there already, and the state of the stack does not know it`,
      `if this stack has made it, remove it on a node and let the update make it anew: pvesh delete /cluster/backup/${backup.jobId}; otherwise choose another id: lifeboat:backup.job`,
    );
  }
  return jobExists === false ? { refusals: [], warnings: warnAboutJob(environment, facts, urn) } : fine;
}

/** A job that was deleted by hand stays in Pulumi's state, so that no update makes it again and nothing is backed up. */
function warnAboutJob(
  { name, backup }: Environment,
  { guests, recorded }: SiteFacts,
  urn: string | undefined,
): string[] {
  const deployed = guests.some(
    ({ guest, occupant }) =>
      (occupant.kind === "container" || occupant.kind === "virtual-machine") &&
      readMark(occupant.description)?.environment === name &&
      guest.optOut === undefined,
  );
  // What the state does not know is made by this very update.
  if (!deployed || (recorded !== undefined && urn === undefined)) return [];
  const way =
    urn === undefined
      ? `see whether Pulumi knows it: pulumi stack -s ${name} --show-urns`
      : `if it was deleted by hand, run \`pulumi state delete '${urn}' -s ${name}\`, then \`pulumi up -s ${name}\``;
  return [`Backup job ${backup.jobId} is not there although its guests are: nothing backs them up.\nHINT: ${way}`];
}

function refuse(message: string, hint: string): Verdict {
  return { refusals: [`${message}\nHINT: ${hint}`], warnings: [] };
}

function warn(message: string): Verdict {
  return { refusals: [], warnings: [message] };
}
