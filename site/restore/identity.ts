import { nodeTools } from "../../proxmox/rules/node-tools";
import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";
import { isNetworkKey } from "../../proxmox/rules/property-strings";
import { type Mark, markOf, readMark } from "../mark";

/** The name that a guest's configuration gives it: `hostname` of a container, `name` of a virtual machine. */
export function nameOf(kind: "lxc" | "qemu", keys: ConfigurationKeys): string | undefined {
  return kind === "lxc" ? keys["hostname"] : keys["name"];
}

/** The key under which a guest is adopted whose name in Proxmox is none, or cannot be one. */
export function namelessKey(id: number): string {
  return `guest-${String(id)}`;
}

/** What a configuration says about whose it is. */
export interface GuestIdentity {
  readonly mark: Mark | undefined;
  readonly name: string | undefined;
  /** MAC addresses of its network cards, in capitals. */
  readonly cards: readonly string[];
}

/** @param description the guest's notes; where a key of the configuration has them, they are found there. */
export function identityOf(
  kind: "lxc" | "qemu",
  keys: ConfigurationKeys,
  description = keys["description"],
): GuestIdentity {
  const cards = Object.keys(keys)
    .filter(isNetworkKey)
    .flatMap((key) => /[0-9a-f]{2}(?::[0-9a-f]{2}){5}/iu.exec(keys[key] ?? "")?.[0].toUpperCase() ?? []);
  return { mark: readMark(description), name: nameOf(kind, keys), cards };
}

/** The guest that is meant. */
export interface MeantGuest {
  /** Environment and key in the settings: what a guest that Lifeboat made bears as its mark. */
  readonly mark: Mark;
  /** Lifeboat made it, so that it bears the mark. One that has left the settings counts as such. */
  readonly isOwned: boolean;
  /** Host name in the settings; an adopted guest may have any. */
  readonly name: string | undefined;
  /** Name that its archives carry by the settings: what an adopted guest is known by that is not there. Absent: its key. */
  readonly archivedAs?: string;
  /** The settings have it under the key of a guest without a name. */
  readonly isNameless?: boolean;
  /** Keys of all guests of the environment. */
  readonly keys: readonly string[];
  /** The settings do not have it any more: they say nothing of another name that it has had. */
  readonly hasLeft?: true;
}

/** Whose an archive, or the guest in its place, is. */
export type Whose =
  | { readonly kind: "own" }
  /** It is the guest that is meant, by its mark or its network card, and had another name. */
  | { readonly kind: "renamed"; readonly from: string }
  | Doubtful;

export type Doubtful =
  /** It may be: nothing says so but its number and, perhaps, its name. `why` is half a sentence. */
  { readonly kind: "unsure"; readonly why: string } | AnotherGuest;

/** It is another's. `whose`: `lab/web`, or the name that it has. */
export interface AnotherGuest {
  readonly kind: "another";
  readonly whose: string;
  readonly isMarked: boolean;
}

/**
 * Says of a guest that it is another than the one that is meant, as a sentence without a full stop.
 *
 * @param subject `it`, `guest 101 on pve`
 * @param selector the guest that is meant: `prod/web`
 */
export function tellAnother(subject: string, { whose, isMarked }: AnotherGuest, selector: string): string {
  return isMarked
    ? `${subject} is ${whose}, not ${selector}`
    : `${subject} is ${calledBy(whose)} and does not bear Lifeboat's mark: nothing says that it is ${selector}`;
}

/**
 * What to do about another guest under the number of the one that is meant.
 *
 * @param selector the guest that is meant: `prod/web`
 */
export function mendAnother({ type, vmid }: { type: "lxc" | "qemu"; vmid: number }, selector: string): string {
  const tool = nodeTools(type).program;
  const name = selector.slice(selector.indexOf("/") + 1);
  return `give it another number; or, if it is ${name}, write that in place of its notes: ${tool} set ${String(vmid)} --description 'lifeboat: ${selector}'`;
}

/** Says that an archive is not, or may not be, of the guest that is meant, as a sentence without a full stop. */
export function tellArchive(volid: string, whose: Doubtful, selector: string): string {
  if (whose.kind === "unsure") return `whether ${volid} is of ${selector} is not sure: ${whose.why}`;
  const holds = whose.isMarked ? `is of ${whose.whose}` : `holds a guest ${calledBy(whose.whose)}`;
  return `${volid} is not of ${selector}: it ${holds}`;
}

/** Whether it is certainly another than the guest of this name: one without a mark that has the name may well be it. */
export function isCertainlyAnother(whose: Whose, name: string): whose is AnotherGuest {
  return whose.kind === "another" && (whose.isMarked || whose.whose.toLowerCase() !== name.toLowerCase());
}

function calledBy(name: string): string {
  return name === "" ? "without a name" : `named '${name}'`;
}

/** Whether it is certainly the guest that is meant. */
export function isOwn(whose: Whose): whose is Exclude<Whose, Doubtful> {
  return whose.kind === "own" || whose.kind === "renamed";
}

/**
 * Whose archive it is (D15). Numbers are used again when guests are deleted and made, and names are the same in every
 * environment: the mark outranks both. Where there is none the name decides; names of hosts are the same in capital and
 * small letters.
 *
 * @param present the guest that is there now, where it is the one that is meant.
 */
export function whoseArchive(archived: GuestIdentity, meant: MeantGuest, present: GuestIdentity | undefined): Whose {
  if (archived.mark !== undefined) return byMark(archived.mark, archived.name, meant, present);
  if (!meant.isOwned && [archived, meant, present].every((one) => one?.name === undefined)) {
    return whoseNameless(archived, meant, present);
  }
  const expected = meant.name ?? present?.name ?? meant.archivedAs ?? meant.mark.guest;
  if (sameName(archived.name, expected)) {
    return meant.isOwned ? { kind: "unsure", why: "it does not bear Lifeboat's mark" } : { kind: "own" };
  }
  const from = archived.name ?? "";
  if (!sharesCard(archived, present)) return { kind: "another", whose: from, isMarked: false };
  return meant.isOwned
    ? { kind: "unsure", why: `it is named '${from}' and does not bear Lifeboat's mark` }
    : { kind: "renamed", from };
}

/** Virtual machines need no name in Proxmox: where none has one, network cards tell them apart, and then the key. */
function whoseNameless(archived: GuestIdentity, meant: MeantGuest, present: GuestIdentity | undefined): Whose {
  const own = { kind: "own" } as const;
  if (present === undefined) return meant.isNameless === true ? own : { kind: "unsure", why: "it has no name" };
  const haveNone = archived.cards.length === 0 && present.cards.length === 0;
  if (haveNone || sharesCard(archived, present)) return own;
  return { kind: "unsure", why: "it has no name, and other network cards than the guest that is there" };
}

function byMark(mark: Mark, name: string | undefined, meant: MeantGuest, present: GuestIdentity | undefined): Whose {
  if (sameMark(mark, meant.mark)) {
    const isRenamed = meant.name !== undefined && !sameName(name, meant.name);
    return isRenamed ? { kind: "renamed", from: name ?? "" } : { kind: "own" };
  }
  const text = textOf(mark);
  const isPresents = present?.mark !== undefined && sameMark(mark, present.mark);
  // An adopted guest keeps whatever mark it has.
  if (!meant.isOwned && isPresents) return { kind: "own" };
  if (mark.environment !== meant.mark.environment || meant.keys.includes(mark.guest)) {
    return { kind: "another", whose: text, isMarked: true };
  }
  return isPresents
    ? { kind: "renamed", from: text }
    : { kind: "unsure", why: `it is of ${text}, which the settings do not have any more` };
}

/** Whose the guest is that stands where the meant one should (D15): one that was made by hand is somebody's. */
export function whosePresent(present: GuestIdentity, meant: MeantGuest): Whose {
  const { mark, name = "" } = present;
  if (mark === undefined) {
    // Under the number of a guest that has left the settings anybody may have made another.
    const isStranger = meant.hasLeft === true && !sameName(name, meant.name ?? meant.mark.guest);
    return meant.isOwned || isStranger ? { kind: "another", whose: name, isMarked: false } : { kind: "own" };
  }
  if (sameMark(mark, meant.mark)) return { kind: "own" };
  const isOther = mark.environment !== meant.mark.environment || meant.keys.includes(mark.guest);
  if (isOther || meant.hasLeft === true) return { kind: "another", whose: textOf(mark), isMarked: true };
  return { kind: "renamed", from: textOf(mark) };
}

/** Whether somebody may mean it by this name: that of the settings in its mark, or its host name. */
export function isNamed({ mark, name }: GuestIdentity, word: string): boolean {
  return mark?.guest === word || sameName(name, word);
}

/** Whether it bears this mark. */
export function isMarked({ mark }: GuestIdentity, wanted: Mark): boolean {
  return mark !== undefined && sameMark(mark, wanted);
}

function textOf({ environment, guest }: Mark): string {
  return `${environment}/${guest}`;
}

function sameMark(one: Mark, other: Mark): boolean {
  return markOf(one) === markOf(other);
}

function sameName(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}

/** Proxmox gives every card an address of its own, at random, which a guest keeps. */
function sharesCard({ cards }: GuestIdentity, present: GuestIdentity | undefined): boolean {
  return present !== undefined && cards.some((card) => present.cards.includes(card));
}
