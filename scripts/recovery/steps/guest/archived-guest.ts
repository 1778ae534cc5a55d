import { leftGuest } from "../../../../site/left-guest";
import { type GuestIdentity, isNamed } from "../../../../site/restore/identity";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { couldNotBeAsked } from "../../../../proxmox/api/errors";
import { runBounded } from "../../../machine/bounded";
import { groupBy } from "../../../machine/group-by";
import type { CommandContext } from "../../../project/context";
import { type FoundGuest, type LoadedEnvironment, UnknownGuestError } from "../../../project/site";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { archivedIdentity } from "./archived-identity";
import type { ArchiveSearch, FoundArchive } from "./inspection";
import { unsearchedHint, unsearchedText } from "./not-found";
import { listArchives } from "./search-archives";

/**
 * Finds a guest in the settings, or one that they do not have any more by the archives that are there of it: by its number,
 * its name in the settings of that time, which they bear as a mark, or its host name.
 *
 * @throws CommandError (2, 14 where not all archives could be looked at)
 */
export async function findGuestOrArchived(selector: string, context: CommandContext): Promise<FoundGuest> {
  const site = await context.site();
  try {
    return site.findGuest(selector);
  } catch (error) {
    if (!(error instanceof UnknownGuestError)) throw error;
    const title = `look for archives of ${selector}, which no settings have`;
    return context.progress.step(title, () => findArchived(selector, site.environments().usable, error));
  }
}

/** Environments behind one endpoint, and what lies on its storages. */
interface Reach {
  readonly client: ProxmoxClient;
  readonly environments: readonly LoadedEnvironment[];
  /** Numbers that the settings of some environment behind it give. */
  readonly declared: ReadonlySet<number>;
  readonly search: ArchiveSearch;
}

/** What an archive says about whose it is. */
interface Told {
  readonly archive: FoundArchive;
  readonly identity: GuestIdentity;
}

interface Candidate {
  readonly environment: LoadedEnvironment;
  readonly told: Told;
  readonly vmid: number;
  /** The mark says that it is of this environment. */
  readonly isCertain: boolean;
}

async function findArchived(
  selector: string,
  usable: readonly LoadedEnvironment[],
  unknown: UnknownGuestError,
): Promise<FoundGuest> {
  const [word = "", named] = selector.split("/").reverse();
  const meant = usable.filter(({ name }) => named === undefined || name === named);
  const vmid = /^[1-9]\d{2,8}$/u.test(word) ? Number(word) : undefined;
  const groups = groupBy(meant, ({ settings }) => settings.proxmox.endpoint);
  const looked = await Promise.all([...groups.values()].map((group) => lookAt(group, usable, vmid)));
  const reaches = looked.flatMap((one) => (typeof one === "string" ? [] : [one]));
  const lists = await Promise.all(
    reaches.map((reach) => (vmid === undefined ? ofName(reach, word) : ofNumber(reach, vmid))),
  );
  const found = lists.flat();
  const certain = found.filter(({ isCertain }) => isCertain);
  const [first, second] = certain.length === 0 ? found : certain;
  if (first === undefined) throw nothing(unknown, looked);
  if (second !== undefined) throw ambiguous(selector, certain.length === 0 ? found : certain);
  return { environment: first.environment, guest: guestOf(first) };
}

/** What lies behind one endpoint; a text says why nobody can tell. */
async function lookAt(
  environments: readonly LoadedEnvironment[],
  usable: readonly LoadedEnvironment[],
  vmid: number | undefined,
): Promise<Reach | string> {
  const [first] = environments;
  if (first === undefined) return "no environment has it";
  const { endpoint } = first.settings.proxmox;
  const beside = usable.filter(({ settings }) => settings.proxmox.endpoint === endpoint);
  const declared = new Set(beside.flatMap(({ settings }) => settings.guests.map(({ id }) => id)));
  try {
    const client = await first.client();
    const search = await listArchives(client, vmid, first.settings.backup.storage.id);
    return { client, environments, declared, search };
  } catch (error) {
    if (couldNotBeAsked(error)) return `${endpoint} could not be asked: ${error.reason}`;
    // Without a token nobody can look there either; the others may have it.
    if (error instanceof CommandError) return `${first.name} could not be looked at: ${error.message}`;
    throw error;
  }
}

/** Archives whose configurations are read at the same time. */
const readAtOnce = { parallel: 4, perKey: 4, keyOf: () => "" };

/** Of a number its newest archive tells; of a number whose archives tell nothing nobody knows more than that. */
async function ofNumber(reach: Reach, vmid: number): Promise<Candidate[]> {
  const [newest] = reach.search.archives;
  if (newest === undefined) return [];
  for (const archive of reach.search.archives) {
    const told = await read(reach, archive);
    if (told !== undefined) return candidatesOf(reach, told, vmid);
  }
  return candidatesOf(reach, { archive: newest, identity: { mark: undefined, name: String(vmid), cards: [] } }, vmid);
}

/**
 * The newest archive of each number that no settings have is read first. Where none of these has the name, all others are: a
 * number may have had more than one guest.
 */
async function ofName(reach: Reach, word: string): Promise<Candidate[]> {
  const byNumber = groupBy(reach.search.archives, ({ vmid }) => vmid ?? 0);
  const newest = [...byNumber].flatMap(([vmid, [first]]) =>
    first === undefined || reach.declared.has(vmid) ? [] : [first],
  );
  const first = await namedSo(reach, newest, word);
  if (first.length > 0) return first;
  return namedSo(
    reach,
    reach.search.archives.filter((archive) => !newest.includes(archive)),
    word,
  );
}

async function namedSo(reach: Reach, archives: readonly FoundArchive[], word: string): Promise<Candidate[]> {
  const all = await runBounded(archives, readAtOnce, (archive) => read(reach, archive));
  const named = all.flatMap((told) => (told !== undefined && isNamed(told.identity, word) ? [told] : []));
  const newestOfEach = [...groupBy(named, ({ archive }) => archive.vmid ?? 0)];
  return newestOfEach.flatMap(([vmid, [told]]) => (told === undefined ? [] : candidatesOf(reach, told, vmid)));
}

async function read({ client }: Reach, archive: FoundArchive): Promise<Told | undefined> {
  const found = await archivedIdentity(client, archive);
  return found === undefined ? undefined : { archive, identity: found };
}

/** The mark says which environment it was of; without one it may have been of any behind the endpoint. */
function candidatesOf({ environments }: Reach, told: Told, vmid: number): Candidate[] {
  const { mark } = told.identity;
  const own = environments.filter(({ name }) => name === mark?.environment);
  const isCertain = own.length > 0;
  return (isCertain ? own : environments).map((environment) => ({ environment, told, vmid, isCertain }));
}

function guestOf({ environment, told, vmid, isCertain }: Candidate): FoundGuest["guest"] {
  const { identity, archive } = told;
  const { settings } = environment;
  const hostname = identity.name ?? String(vmid);
  const name = isCertain && identity.mark !== undefined ? identity.mark.guest : hostname;
  const reaches = archive.nodes.includes(settings.proxmox.node);
  const node = reaches ? settings.proxmox.node : (archive.nodes[0] ?? settings.proxmox.node);
  const left = { isMarked: isCertain };
  return leftGuest(settings, { name, id: vmid, node, hostname, left, checks: [{ kind: "running" }] });
}

/** Neither settings nor archives have it; or it cannot be told, since not all archives could be looked at. */
function nothing(unknown: UnknownGuestError, looked: readonly (Reach | string)[]): CommandError {
  const unseen = looked.flatMap((one) => {
    if (typeof one === "string") return [one];
    const text = unsearchedText(one.search);
    return text === "" ? [] : [`${one.environments.map(({ name }) => name).join(", ")}: ${text}`];
  });
  const why = unseen.join("; ");
  const { hint = "", details } = unknown;
  if (why === "") {
    const message = `${unknown.message}, and no archive of one`;
    return new CommandError(message, { exitCode: exitCodes.usage, hint, details });
  }
  const [partly] = looked.filter((one) => typeof one !== "string");
  const way = partly === undefined ? "lifeboat doctor says what is wrong there" : unsearchedHint(partly.search);
  return new CommandError(`${unknown.message}; whether archives of one are there is not known: ${why}`, {
    exitCode: exitCodes.unavailable,
    hint: `${hint}; of one that has left the settings: ${way}`,
    details,
  });
}

function ambiguous(selector: string, found: readonly Candidate[]): CommandError {
  const candidates = found.map((one) => ({ guest: `${one.environment.name}/${guestOf(one).name}`, id: one.vmid }));
  const listed = candidates.map(({ guest, id }) => `${guest} (${String(id)})`).join(", ");
  const [first] = found;
  return new CommandError(`archives are there of more than one guest '${selector}': ${listed}`, {
    exitCode: exitCodes.usage,
    hint: `name one by environment and id: ${first?.environment.name ?? ""}/${String(first?.vmid ?? "")}`,
    details: { candidates },
  });
}
