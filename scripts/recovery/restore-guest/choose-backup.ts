import { shellQuote } from "../../machine/shell-quote";
import { typeOfGuest } from "../../../site/guest-types";
import type { NodeTime } from "../../../proxmox/api/answers";
import {
  type ArchiveChoice,
  type ArchiveWish,
  MomentError,
  chooseArchive,
  formatMoment,
  parseMoment,
} from "../../../site/restore/choose-archive";
import { doubtOf } from "../../../site/restore/doubt";
import type { Guest } from "../../../site/settings/environment";
import { CommandError, usageError } from "../../terminal/command-error";
import { formatDuration } from "../../terminal/durations";
import { exitCodes } from "../../terminal/exit-codes";
import type { ArchiveSearch, FoundArchive, PresentGuest } from "../steps/guest/inspection";
import { notFound } from "../steps/guest/not-found";

/** Which backup the operator asked for. */
export interface BackupWish {
  /** Its volume id. */
  readonly archive: string | undefined;
  /** The newest until then. */
  readonly at: string | undefined;
}

/** What is known when a backup is chosen. */
export interface BackupFacts {
  readonly guest: Guest;
  /** `prod/web`. */
  readonly selector: string;
  readonly present: PresentGuest | undefined;
  readonly search: ArchiveSearch;
  readonly clock: NodeTime;
  /** Node of the restore. */
  readonly node: string;
}

/**
 * The backup that is restored, and what else is there.
 *
 * @throws CommandError (2 a date that is none, 10 there is none, 13 none within reach, 14 not to be told)
 */
export function chooseBackup(
  facts: BackupFacts,
  wish: BackupWish,
): { readonly choice: ArchiveChoice<FoundArchive>; readonly chosen: FoundArchive } {
  const { guest, selector, search, clock, node } = facts;
  const choice = choose(facts, wish);
  refuseSlowClock({ selector, choice, node, clock, until: untilOf(wish, clock.timezone) });
  return { choice, chosen: choice.chosen ?? refuseNothing({ guest, selector, search, choice, node }) };
}

function choose({ guest, present, search, clock, node }: BackupFacts, wish: BackupWish): ArchiveChoice<FoundArchive> {
  const type = present?.address.type ?? typeOfGuest(guest);
  const context = { vmid: guest.id, timeZone: clock.timezone, now: clock.time, type };
  const reached = search.archives.filter(({ nodes }) => nodes.includes(node));
  const choice = chooseArchive(reached, archiveWish(wish, clock.timezone), context);
  const elsewhere = search.archives.filter(({ nodes }) => !nodes.includes(node));
  const { chosen } = chooseArchive(elsewhere, archiveWish(wish, clock.timezone), context);
  if (chosen === undefined || choice.chosen === undefined || chosen.time <= choice.chosen.time) return choice;
  const date = formatMoment(chosen.time, clock.timezone);
  const warning = `a newer backup, of ${date}, lies on ${placeOf(chosen)}, which ${node} cannot reach: restore there with --node ${chosen.nodes[0] ?? ""}`;
  return { ...choice, warnings: [...choice.warnings, warning] };
}

/** The latest moment of an archive that may be chosen by its date; undefined where one is named. */
function untilOf(wish: BackupWish, timeZone: string): number | undefined {
  const meant = archiveWish(wish, timeZone);
  if (meant.kind === "named") return undefined;
  return meant.kind === "at" ? meant.time : Infinity;
}

function archiveWish({ archive, at }: BackupWish, timeZone: string): ArchiveWish {
  if (archive !== undefined) return { kind: "named", volid: archive };
  if (at === undefined) return { kind: "newest" };
  try {
    return { kind: "at", time: parseMoment(at, timeZone) };
  } catch (error) {
    if (error instanceof MomentError) throw usageError(error.message);
    throw error;
  }
}

interface NothingToRestore {
  readonly guest: Guest;
  readonly selector: string;
  readonly search: ArchiveSearch;
  readonly choice: ArchiveChoice<FoundArchive>;
  readonly node: string;
}

/**
 * "None" and "not allowed to see any" look the same in Proxmox's answer (D3): the rights decide which one is said. Where
 * some storage could be searched with full rights and another not, there may be archives on the other.
 */
function refuseNothing({ guest, selector, search, choice, node }: NothingToRestore): never {
  refuseOutOfReach(guest, search, node);
  const blind = search.archives.length === 0 && search.missing.length > 0;
  if (blind && search.searched.length === 0) {
    const lacks = search.missing.map(({ privilege, path }) => `${privilege} on ${path}`).join(", ");
    throw new CommandError(`the token may not see archives of guest ${guest.id}: it lacks ${lacks}`, {
      exitCode: exitCodes.unavailable,
      hint: "lifeboat doctor --print-setup prints the lines that grant it",
    });
  }
  const doubtful = choice.leftOut.find((one) => one.doubtful && one.archive.nodes.includes(node))?.archive.volid;
  const nevertheless = `; to restore one nevertheless, name it: lifeboat restore guest ${selector} --archive ${shellQuote(doubtful ?? "")}`;
  const isEmpty = search.archives.length === 0;
  throw notFound(search, {
    none: choice.reason,
    unknown: isEmpty ? `no archive of guest ${guest.id} was found` : `${choice.reason}, as far as could be seen`,
    hint: `see all archives: lifeboat backups ${selector}${doubtful === undefined ? "" : nevertheless}`,
    leftOut: search.archives.length,
  });
}

interface ClockedChoice {
  readonly selector: string;
  readonly choice: ArchiveChoice<FoundArchive>;
  readonly node: string;
  readonly clock: NodeTime;
  readonly until: number | undefined;
}

/**
 * A node whose clock is behind takes good archives for ones of the future. Nothing but the clock of this machine tells that
 * from archives with a wrong date; which of the clocks is right nobody knows, and so not which archive is the newest (K6).
 *
 * @throws CommandError (14) where an archive that this machine's clock finds good is left out for the node's clock only
 */
function refuseSlowClock({ selector, choice, node, clock, until }: ClockedChoice): void {
  if (until === undefined) return;
  const here = { now: Date.now() / 1000, timeZone: clock.timezone };
  const [hidden] = choice.leftOut.filter(
    ({ archive, doubtful }) =>
      doubtful &&
      archive.nodes.includes(node) &&
      archive.time <= until &&
      archive.time > (choice.chosen?.time ?? 0) &&
      doubtOf(archive, here) === undefined,
  );
  if (hidden === undefined) return;
  const behind = formatDuration(here.now - clock.time);
  const { volid, time } = hidden.archive;
  const date = formatMoment(time, clock.timezone);
  throw new CommandError(
    `the clock of ${node} is ${behind} behind this machine's: which backup is the newest cannot be told, since ${volid}, of ${date}, is later than it`,
    {
      exitCode: exitCodes.unavailable,
      hint: `set the time on both (NTP), and again; or restore that one nevertheless: lifeboat restore guest ${selector} --archive ${shellQuote(volid)}`,
    },
  );
}

/** There are archives, and the node of the restore cannot reach any of them. */
function refuseOutOfReach(guest: Guest, { archives }: ArchiveSearch, node: string): void {
  const [newest] = archives;
  if (newest === undefined || archives.some(({ nodes }) => nodes.includes(node))) return;
  const places = [...new Set(archives.map(placeOf))].join("; ");
  throw new CommandError(`${node} cannot reach the archives of ${guest.name}: they lie on ${places}`, {
    exitCode: exitCodes.refused,
    hint: `restore on a node that reaches them: --node ${newest.nodes[0] ?? ""}`,
  });
}

function placeOf({ storage, nodes }: FoundArchive): string {
  return `storage ${storage} of ${nodes.join(", ")}`;
}
