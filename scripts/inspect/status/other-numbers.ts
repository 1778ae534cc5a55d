import type { Guest as NodeGuest } from "../../../proxmox/api/answers";
import { configurationOrReason } from "../../../proxmox/api/archived-configuration";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import type { UnderOtherNumber } from "../../../site/coverage";
import { type Mark, markTag } from "../../../site/mark";
import { type GuestIdentity, isMarked } from "../../../site/restore/identity";
import {
  type NumberedArchive,
  type ReadArchive,
  readOnce,
  underOtherNumbers,
} from "../../../site/restore/other-numbers";
import { isSavePoint } from "../../../site/restore/save-point";
import type { Environment, Guest } from "../../../site/settings/environment";
import { runBounded } from "../../machine/bounded";
import { presentIdentity } from "../../recovery/steps/guest/meant-guest";
import type { GuestArchive } from "./guest-archives";

/** What is read for one look: whoever is backed up tonight for the first time is no reason to read the archives of a whole site. */
const most = { archives: 32, guests: 16 };

const atOnce = { parallel: 8, perKey: 8, keyOf: () => "" };

type Archive = Pick<GuestArchive, "node" | "notes"> & NumberedArchive;

/** What the nodes' lists say, and the settings. */
interface Places {
  readonly archives: readonly Archive[];
  readonly onNode: ReadonlyMap<number, NodeGuest>;
  /** Numbers that the settings of every environment behind the same endpoint have. */
  readonly known: ReadonlySet<number>;
}

/**
 * Where guests are, and their archives, whose number in the settings was changed: by their marks. Those that are in order are not
 * asked for. A number of another guest is looked at only where notes of its archives name the one that is looked for.
 *
 * @param guests those without a backup under their number, and those that are not there
 */
export async function readOtherNumbers(
  client: ProxmoxClient,
  settings: Environment,
  places: Places,
  guests: { readonly bare: readonly Guest[]; readonly missing: readonly Guest[] },
): Promise<Map<number, UnderOtherNumber>> {
  // Others bear no mark that is theirs.
  const bare = guests.bare.filter(({ kind }) => kind !== "adopted");
  const missing = guests.missing.filter(({ kind }) => kind !== "adopted");
  const present = missing.length === 0 ? [] : await readMarked(client, places);
  const read = firstReads(client);
  const found = new Map<number, UnderOtherNumber>();
  for (const guest of new Set([...bare, ...missing])) {
    const mark = { environment: settings.name, guest: guest.name };
    const there = missing.includes(guest) ? present.find(({ identity }) => isMarked(identity, mark))?.guest : undefined;
    found.set(guest.id, {
      ...(there === undefined ? {} : { guest: { id: there.vmid, node: there.node } }),
      ...(bare.includes(guest) ? await archivesOf(guest, mark, places, read) : {}),
    });
  }
  return found;
}

async function archivesOf(
  guest: Guest,
  mark: Mark,
  places: Places,
  read: ReadArchive<Archive>,
): Promise<UnderOtherNumber> {
  const { known, onNode } = places;
  const backups = places.archives.filter(({ notes }) => !isSavePoint(notes));
  const named = new Set(backups.filter((archive) => isNamedIn(archive, guest)).map(({ vmid }) => vmid));
  const wanted = { mark, id: guest.id, others: new Set([...known, ...onNode.keys()]) };
  const likely = await underOtherNumbers(
    backups.filter(({ vmid }) => named.has(vmid)),
    wanted,
    read,
  );
  const free = backups.filter(({ vmid }) => vmid !== undefined && !known.has(vmid));
  const { found, unread } = likely.found.length > 0 ? likely : await underOtherNumbers(free, wanted, read);
  const [first] = found;
  if (first !== undefined) return { archives: { id: first.id, count: first.count, newest: first.newest.time } };
  const [unknown] = unread;
  return unknown === undefined ? {} : { unknown: `${unknown.archive.volid} may be its: ${unknown.reason}` };
}

/** Proxmox writes a guest's name there, unless somebody wants other notes. */
function isNamedIn({ notes }: Archive, { name, hostname }: Guest): boolean {
  const words = notes.toLowerCase().split(/[^\w.-]+/u);
  return words.includes(name.toLowerCase()) || words.includes(hostname.toLowerCase());
}

/** Each archive once, and no more than a few. */
function firstReads(client: ProxmoxClient): ReadArchive<Archive> {
  return readOnce(async (archive) => {
    const found = await configurationOrReason(client, archive.node, archive);
    return typeof found === "string" ? `it cannot be read: ${found}` : found;
  }, most.archives);
}

interface Marked {
  readonly guest: NodeGuest;
  readonly identity: GuestIdentity;
}

/** Guests in no settings, first those that Lifeboat has made as their tags say. Anybody may have taken a tag off. */
async function readMarked(client: ProxmoxClient, { onNode, known }: Places): Promise<Marked[]> {
  const strangers = [...onNode.values()].filter(({ vmid }) => !known.has(vmid));
  const tagged = strangers.filter(isTagged);
  const asked = [...tagged, ...strangers.filter((guest) => !isTagged(guest))].slice(0, most.guests);
  const found = await runBounded(asked, atOnce, async (guest): Promise<Marked[]> => {
    const identity = await presentIdentity(client, guest);
    return typeof identity === "object" ? [{ guest, identity }] : [];
  });
  return found.flat();
}

function isTagged({ tags }: NodeGuest): boolean {
  return tags?.split(/[;, ]/u).includes(markTag) === true;
}
