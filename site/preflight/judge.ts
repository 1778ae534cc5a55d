import { reboots } from "../changes/reboots";
import { replacementMessage, replacements } from "../changes/replacements";
import { readMark } from "../mark";
import { offsitePlace } from "../offsite/places";
import type { Environment, OwnedGuest } from "../settings/environment";
import type { GuestFacts, Occupant, Run, SiteFacts, Stray } from "./facts";
import { judgePools, judgeRights } from "./judge-rights";
import { judgeKnowledge } from "./judge-state";
import { judgeUnknown } from "./judge-unknown";
import { fine, refuse, together, type Verdict, warn } from "./verdict";

/**
 * What the program refuses to do before it registers anything (A9, A11, A14, A15). The provider takes over a guest whose id
 * is taken and reports success, and an empty guest pushes the good archives of its id out of the storage: neither may happen
 * by accident, nor because somebody could not be asked. Pure: `stacks/preflight.ts` asks Proxmox.
 */

/** A running guest that the provider would reboot, and why: one line each. */
export interface Reboot {
  readonly guest: string;
  readonly id: number;
  readonly reasons: readonly string[];
}

/** Decides about every guest, so that all refusals are told at once. */
export function judge(environment: Environment, facts: SiteFacts, run: Run): Verdict {
  const verdict = together([
    judgeRights(environment, facts, run),
    judgePools(environment, facts),
    judgeKnowledge(environment, facts, run),
    ...facts.guests.map((entry) => judgeGuest(environment, entry, facts, run)),
  ]);
  // One storage that is missing is one refusal, however many guests were to be on it.
  return { refusals: [...new Set(verdict.refusals)], warnings: [...verdict.warnings, ...warnAboutAdopted(facts)] };
}

/** Decides about the archives of free ids alone: for the moment at which a declared storage has just come to be. */
export function judgeArchives(environment: Environment, facts: readonly GuestFacts[], run: Run): Verdict {
  return together(facts.map((entry) => judgeFreeId(environment, entry, run)));
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

function judgeGuest(environment: Environment, facts: GuestFacts, site: SiteFacts, run: Run): Verdict {
  const { guest, occupant } = facts;
  const { freeId } = site;
  switch (occupant.kind) {
    case "nobody": {
      // One that is there under another number has its archives there, too: that it is there says more.
      const isThere = site.strays?.some((one) => one.guest === guest.name) === true;
      const here = judgeFreeId(environment, isThere ? { ...facts, underOthers: undefined } : facts, run);
      const verdict = here.refusals.length > 0 ? here : together([here, judgeCopies(environment, facts, run)]);
      // With archives of its own id the guest was lost, and what bears its mark is somebody's copy.
      return verdict.refusals.length > 0 ? verdict : together([verdict, judgeOtherId(environment, guest, site, run)]);
    }
    case "container":
    case "virtual-machine":
      return judgeOccupant(environment, guest, occupant, freeId);
    case "unseen":
      return taken(guest, `id ${guest.id} belongs to a guest that the token may not see`, freeId);
    case "unknown":
      return judgeUnknown(environment, [guest], run, {
        what: `Whether id ${guest.id} of guest ${guest.name} is free could not be found out`,
        reason: occupant.reason,
        accepted: neither,
      });
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

/** What who accepts a look that failed says of guest and archives. */
const neither = "neither is there";

/** Whether the guest is there under another id: what the settings' id gets would take its place. */
function judgeOtherId(
  environment: Environment,
  guest: OwnedGuest,
  { strays = [], unreadStrays = [] }: SiteFacts,
  run: Run,
): Verdict {
  const stray = strays.find((one) => one.guest === guest.name);
  if (stray !== undefined) return otherId(guest, stray);
  return together(
    unreadStrays.map(({ id, node, reason }) =>
      judgeUnknown(environment, [guest], run, {
        what: `Whether guest ${id} on ${node} is guest ${guest.name} under another id could not be found out`,
        reason,
        accepted: "it is not",
      }),
    ),
  );
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

function judgeFreeId(environment: Environment, { guest, archives, underOthers }: GuestFacts, run: Run): Verdict {
  if (guest.fresh || archives === undefined) return fine;
  const { backup } = environment;
  const what = `Whether storage ${backup.storage.id} holds archives of guest ${guest.name} (${guest.id}) could not be found out`;
  const unable = `Unable to create guest ${guest.name} (${guest.id}):`;
  switch (archives.kind) {
    case "no-storage":
      return backup.storage.type === "adopted" ? noAdoptedStorage(guest, backup.storage.id) : fine;
    case "known":
      if (archives.count === 0) return judgeOtherNumbers(environment, { guest, underOthers }, run);
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
      return judgeUnknown(environment, [guest], run, { what, reason: archives.reason, accepted: neither });
  }
}

/** Its number in the settings was changed, and its archives bear the one that it had. */
function judgeOtherNumbers(
  environment: Environment,
  { guest, underOthers = { kind: "none" } }: Pick<GuestFacts, "guest" | "underOthers">,
  run: Run,
): Verdict {
  const { name, id } = guest;
  const { id: storage } = environment.backup.storage;
  if (underOthers.kind === "none") return fine;
  if (underOthers.kind === "unknown") {
    const what = `Whether storage ${storage} holds archives of guest ${name} (${id}) under another number could not be found out`;
    return judgeUnknown(environment, [guest], run, { what, reason: underOthers.reason, accepted: neither });
  }
  return refuse(
    `Unable to create guest ${name} (${id}): storage ${storage} holds ${describeArchives(underOthers)}, under number ${underOthers.id}; it would be empty`,
    `write \`id: ${underOthers.id}\` in its settings, and then: lifeboat restore guest ${name}\n      or, to begin anew, write \`fresh: true\` there`,
  );
}

/** The storages have none of it, and a copy lies elsewhere: an empty guest would stand where that one belongs. */
function judgeCopies(environment: Environment, { guest, copies }: GuestFacts, run: Run): Verdict {
  const { offsite } = environment;
  if (guest.fresh || copies === undefined || offsite === undefined) return fine;
  if (copies.kind === "unknown") {
    const what = `Whether archives of guest ${guest.name} (${guest.id}) lie elsewhere could not be found out`;
    return judgeUnknown(environment, [guest], run, { what, reason: copies.reason, accepted: neither });
  }
  if (copies.count === 0) return fine;
  const many = copies.count === 1 ? "an archive of it" : `${copies.count} archives of it, the newest`;
  return refuse(
    `Unable to create guest ${guest.name} (${guest.id}): ${offsitePlace(offsite)} holds ${many} ${copies.newest ?? ""}; it would be empty`,
    `lifeboat restore guest ${guest.name} --from offsite\n      or, to begin anew, write \`fresh: true\` in its settings`,
  );
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
