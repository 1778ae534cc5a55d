import type { Guest as NodeGuest } from "../../../proxmox/api/answers";
import { configurationOrReason } from "../../../proxmox/api/archived-configuration";
import type { GuestAddress } from "../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { hasLeft } from "../../../site/left-guest";
import { type Mark, markTag, readMark } from "../../../site/mark";
import { formatMoment } from "../../../site/restore/choose-archive";
import { type OtherNumber, underOtherNumbers } from "../../../site/restore/other-numbers";
import type { Environment, Guest } from "../../../site/settings/environment";
import { runBounded } from "../../machine/bounded";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { counted } from "../../terminal/text";
import { isOpen } from "../engine/journal";
import { halfDone, type GuestSession } from "../engine/session";
import type { FoundArchive } from "../steps/guest/inspection";
import { notFound } from "../steps/guest/not-found";
import { listArchives } from "../steps/guest/search-archives";

/** A guest of the settings that has no archive under its number. */
interface Missed {
  readonly guest: Guest;
  /** `prod/web`. */
  readonly selector: string;
  readonly settings: Environment;
  /** Of the node, for dates. */
  readonly timeZone: string;
}

/**
 * Refuses to say that a guest has no archive where it is only its number in the settings that was changed: its mark is looked for on
 * every guest and in every archive, whatever number they have. Whoever takes it for lost makes an empty one. GET only.
 *
 * @throws CommandError (13 where it is there, or its archives are, under another number; 14 where that cannot be told)
 */
export async function refuseOtherNumber(client: ProxmoxClient, missed: Missed): Promise<void> {
  const { guest, selector, settings } = missed;
  // Others bear no mark that is theirs, and are never made empty.
  if (guest.kind === "adopted" || hasLeft(guest)) return;
  const mark = { environment: settings.name, guest: guest.name };
  const listed = await client.cluster.guests();
  await refusePresent(client, { ...missed, mark, listed });
  const search = await listArchives(client, undefined, settings.backup.storage.id);
  const others = new Set([...settings.guests, ...listed.map(({ vmid: id }) => ({ id }))].map(({ id }) => id));
  const { found, unread } = await underOtherNumbers(search.archives, { mark, id: guest.id, others }, (archive) =>
    configurationOrReason(client, archive.nodes[0] ?? "", archive),
  );
  const [first] = found;
  if (first !== undefined) throw archivesUnder(missed, first);
  const [unknown] = unread;
  if (unknown !== undefined) {
    const { archive, reason } = unknown;
    throw notToBeTold(missed, `${archive.volid} is of it`, reason, `lifeboat backups ${String(archive.vmid)}`);
  }
  if (search.unsearched.length + search.missing.length === 0) return;
  throw notFound(search, {
    none: "",
    unknown: `no archive of ${selector} was found under any number`,
    hint: "",
  });
}

/**
 * A restore that is half done under another number is brought to its end first, or given up.
 *
 * @throws CommandError (11)
 */
export function refuseOpenElsewhere(session: Pick<GuestSession, "guest" | "state" | "environment">): void {
  const { guest, state, environment } = session;
  if (hasLeft(guest)) return;
  const open = state.readAll().journals.find((journal) => {
    const about = journal.contents.guest;
    // Those of nodes and of the site have numbers that no guest can have.
    return isOpen(journal) && about?.name === guest.name && about.id !== guest.id && about.id >= 100;
  });
  if (open !== undefined) throw halfDone({ environment }, open);
}

/** The tag says only that Lifeboat made it, and anybody may have taken it off: what has it and cannot be read may be the guest. */
async function refusePresent(
  client: ProxmoxClient,
  missed: Missed & { readonly mark: Mark; readonly listed: readonly NodeGuest[] },
): Promise<void> {
  const { guest, settings, mark, listed } = missed;
  const declared = new Set(settings.guests.map(({ id }) => id));
  const looks = await runBounded(
    listed.filter(({ vmid }) => !declared.has(vmid)),
    atOnce,
    async (one) => ({ ...one, told: await markOf(client, one) }),
  );
  for (const { vmid, node, told } of looks) {
    if (typeof told !== "object" || told.environment !== mark.environment || told.guest !== mark.guest) continue;
    throw new CommandError(`${none(missed)}, and it is there as ${String(vmid)} on ${node}`, {
      exitCode: exitCodes.refused,
      hint: wayBack(guest, vmid),
    });
  }
  for (const { vmid, node, told, tags = "" } of looks) {
    if (typeof told !== "string" || !tags.split(/[;, ]/u).includes(markTag)) continue;
    throw notToBeTold(missed, `guest ${String(vmid)} on ${node} is it`, told, `lifeboat doctor ${settings.name}`);
  }
}

const atOnce = { parallel: 8, perKey: 8, keyOf: () => "" };

/** The mark in a guest's notes, or why they cannot be read. Undefined: it has none, or was deleted since. */
async function markOf(client: ProxmoxClient, guest: GuestAddress): Promise<Mark | string | undefined> {
  try {
    return readMark((await client.guests.guestConfig(guest)).description);
  } catch (error) {
    if (!(error instanceof ProxmoxError)) throw error;
    return error.kind === "gone" ? undefined : error.reason;
  }
}

function archivesUnder(missed: Missed, found: OtherNumber<FoundArchive>): CommandError {
  const { guest, settings, timeZone } = missed;
  const { id, count, newest } = found;
  const owner = settings.guests.find((one) => one.id === id);
  const free = owner === undefined ? "" : `, which ${owner.name} has now: give that one another`;
  const archives = `${counted(count, "archive", "archives")} of it ${count === 1 ? "bears" : "bear"} ${String(id)}`;
  const which = `${count === 1 ? "" : "the newest "}${newest.volid} of ${formatMoment(newest.time, timeZone)}`;
  return new CommandError(`${none(missed)}, and ${archives}, which was its number when they were made: ${which}`, {
    exitCode: exitCodes.refused,
    hint: `${wayBack(guest, id)}${free}`,
  });
}

function none({ guest, selector }: Pick<Missed, "guest" | "selector">): string {
  return `${selector} has no archive under ${String(guest.id)}, its number in the settings, that could be restored`;
}

function wayBack({ name }: Guest, id: number): string {
  return `write \`id: ${String(id)}\` in the settings of ${name} again, and then the same command`;
}

/** @param what a clause: `guest 105 on pve is it` */
function notToBeTold(missed: Missed, what: string, reason: string, hint: string): CommandError {
  return new CommandError(`${none(missed)}, and whether ${what} under another number cannot be read: ${reason}`, {
    exitCode: exitCodes.unavailable,
    details: { unsearched: [{ storage: what, reason }] },
    hint,
  });
}
