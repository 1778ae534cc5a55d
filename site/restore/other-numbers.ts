import type { GuestConfiguration } from "../../proxmox/rules/guest-configuration";
import { mapLimited } from "../map-limited";
import type { Mark } from "../mark";
import { type GuestIdentity, identityOf, isMarked } from "./identity";

/** An archive as a storage lists it. */
export interface NumberedArchive {
  readonly volid: string;
  readonly type: "lxc" | "qemu";
  /** Number of the guest at the time; undefined where its name tells none. */
  readonly vmid?: number | undefined;
  /** When the backup began, unix seconds. */
  readonly time: number;
  /** Bytes; undefined where the storage tells none. */
  readonly size?: number | undefined;
}

/** Archives of a guest under a number that it does not have any more. */
export interface OtherNumber<Of> {
  readonly id: number;
  readonly count: number;
  readonly newest: Of;
}

/** What archives under other numbers say. */
export interface OtherNumbers<Of> {
  /** The number with the newest archive first. */
  readonly found: readonly OtherNumber<Of>[];
  /** Archives that may be the guest's, and why nobody can say: nothing under their numbers can be read. */
  readonly unread: readonly { readonly archive: Of; readonly reason: string }[];
}

/** Whose archives are looked for. */
export interface Renumbered {
  readonly mark: Mark;
  /** Its number in the settings. */
  readonly id: number;
  /** Numbers that others have, in the settings or on a node: what cannot be read under them counts as theirs. */
  readonly others: ReadonlySet<number>;
}

/** Asks for the configuration that an archive holds; a text says why it cannot be read. */
export type ReadArchive<Of> = (archive: Of) => Promise<GuestConfiguration | string>;

/**
 * Reads each archive once, whoever asks: of many guests each asks the same ones.
 *
 * @param most how many are read; of the others it is said that they were not
 */
export function readOnce<Of extends { readonly volid: string; readonly node: string }>(
  read: ReadArchive<Of>,
  most = Infinity,
): ReadArchive<Of> {
  const known = new Map<string, ReturnType<ReadArchive<Of>>>();
  return (archive) => {
    const key = `${archive.node} ${archive.volid}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    if (known.size >= most) return Promise.resolve(`it was not read, as ${String(most)} others were`);
    const told = read(archive);
    known.set(key, told);
    return told;
  };
}

/** Of a number two archives are read at once. */
const numbersAtOnce = 4;

/**
 * Archives that bear a guest's mark under other numbers than its own: its number in the settings was changed. Of a number whose newest
 * and oldest archive are of one guest, all are; of any other each is read, since a number may have had more than one guest. At most
 * eight are read at the same time.
 */
export async function underOtherNumbers<Of extends NumberedArchive>(
  archives: readonly Of[],
  { mark, id, others }: Renumbered,
  read: ReadArchive<Of>,
): Promise<OtherNumbers<Of>> {
  const newestFirst = archives.filter(({ size }) => size !== 0).toSorted((a, b) => b.time - a.time);
  const numbers = new Set(newestFirst.flatMap(({ vmid }) => (vmid === undefined || vmid === id ? [] : [vmid])));
  const looks = await mapLimited(
    [...numbers],
    async (number) => {
      const told = await identities(
        newestFirst.filter(({ vmid }) => vmid === number),
        read,
      );
      return { number, told };
    },
    numbersAtOnce,
  );
  const found = looks.flatMap(({ number, told }) => {
    const own = told.filter(({ identity }) => typeof identity !== "string" && isMarked(identity, mark));
    const [newest] = own;
    return newest === undefined ? [] : [{ id: number, count: own.length, newest: newest.archive }];
  });
  const unread = looks.flatMap(({ number, told }) => {
    const [first] = told;
    const isTold = told.some(({ identity }) => typeof identity !== "string");
    if (others.has(number) || first === undefined || isTold) return [];
    return [{ archive: first.archive, reason: String(first.identity) }];
  });
  return { found: found.toSorted((a, b) => b.newest.time - a.newest.time), unread };
}

interface Told<Of> {
  readonly archive: Of;
  readonly identity: GuestIdentity | string;
}

/** What each says, newest first. */
async function identities<Of extends NumberedArchive>(
  archives: readonly Of[],
  read: ReadArchive<Of>,
): Promise<Told<Of>[]> {
  const ask = async (archive: Of): Promise<Told<Of>> => {
    const found = await read(archive);
    const identity = typeof found === "string" ? found : identityOf(archive.type, found.keys, found.description);
    return { archive, identity };
  };
  const ends = await Promise.all(
    [...new Set([archives[0], archives.at(-1)])].flatMap((one) => (one === undefined ? [] : [ask(one)])),
  );
  const [newest, oldest] = ends;
  if (newest === undefined || oldest === undefined) return ends;
  if (areOfOne(newest.identity, oldest.identity)) {
    return archives.map((archive) => ({ archive, identity: newest.identity }));
  }
  const between: Told<Of>[] = [];
  for (const archive of archives.slice(1, -1)) between.push(await ask(archive));
  return [newest, ...between, oldest];
}

function areOfOne(one: GuestIdentity | string, other: GuestIdentity | string): boolean {
  if (typeof one === "string" || typeof other === "string") return false;
  if (one.mark !== undefined && other.mark !== undefined) return isMarked(other, one.mark);
  return one.mark === undefined && other.mark === undefined && one.name === other.name;
}
