/** What the names in firewall rules stand for: aliases and sets of the guest and of the datacenter. */
import type { FirewallFile, IpSet, IpSetEntry } from "./file";
import { type AddressRange, contentOf, parseRange, type SetEntry } from "./addresses";

/** Where a rule's names are looked up. */
export interface NameScope {
  /** Undefined in a security group, whose rules know the datacenter's names only. */
  readonly guest: FirewallFile | undefined;
  readonly datacenter: FirewallFile;
  /** The network of the node's own address: the alias `local_network` where nobody has set one, and part of `+management`. */
  readonly localNetwork: string | undefined;
}

const aliasPattern = /^(guest\/|dc\/)?([A-Za-z][\w-]+)$/u;

/**
 * The addresses that `source` or `dest` of a rule means.
 *
 * @returns undefined where Proxmox skips the rule: for a name that does not exist, what is no address, a list
 * with a range or with both families
 */
export function addressesOf(specification: string, scope: NameScope): AddressRange[] | undefined {
  const [, setPlace, set] = /^\+(guest\/|dc\/|sdn\/)?([A-Za-z][\w-]+)$/u.exec(specification) ?? [];
  if (set !== undefined) return contentOfSet(set, setPlace, scope);
  const [, aliasPlace, alias] = aliasPattern.exec(specification) ?? [];
  const texts = alias === undefined ? specification.split(",") : [aliasNamed(alias, aliasPlace, scope)];
  const ranges = texts.map((text) => (text === undefined ? undefined : parseRange(text)));
  const known = ranges.filter((range) => range !== undefined);
  const isMixed = new Set(known.map(({ family }) => family)).size > 1;
  const rangeInList = texts.length > 1 && texts.some((text) => text?.includes("-") === true);
  if (known.length < ranges.length || isMixed || rangeInList) return undefined;
  return contentOf(known.map((range) => ({ range, nomatch: false })));
}

function aliasNamed(name: string, place: string | undefined, scope: NameScope): string | undefined {
  const inFile = (file: FirewallFile | undefined): string | undefined =>
    file?.aliases.find((alias) => alias.name.toLowerCase() === name.toLowerCase())?.cidr;
  const own = place === "dc/" ? undefined : inFile(scope.guest);
  if (own !== undefined || place === "guest/") return own;
  const common = inFile(scope.datacenter);
  return common ?? (name.toLowerCase() === "local_network" ? scope.localNetwork : undefined);
}

/** A guest's set hides the datacenter's of the same name; `management` is there also where nobody has made it. */
function contentOfSet(name: string, place: string | undefined, scope: NameScope): AddressRange[] | undefined {
  const guests = place === undefined || place === "guest/" ? setNamed(scope.guest, name) : undefined;
  if (guests !== undefined) return contentOf(readEntries(guests.entries, scope));
  if (place !== undefined && place !== "dc/") return undefined;
  const common = setNamed(scope.datacenter, name);
  const isManagement = name.toLowerCase() === "management";
  if (common === undefined && !isManagement) return undefined;
  const local = isManagement ? [{ cidr: "local_network", nomatch: false }] : [];
  return contentOf(readEntries([...(common?.entries ?? []), ...local], { ...scope, guest: undefined }));
}

function setNamed(file: FirewallFile | undefined, name: string): IpSet | undefined {
  return file?.ipsets.find((set) => set.name.toLowerCase() === name.toLowerCase());
}

/** Entries that mean nothing are left out. */
function readEntries(entries: readonly IpSetEntry[], scope: NameScope): SetEntry[] {
  return entries.flatMap(({ cidr, nomatch }): SetEntry[] => {
    const [, place, alias] = aliasPattern.exec(cidr) ?? [];
    const text = alias === undefined ? cidr : aliasNamed(alias, place, scope);
    const range = text === undefined ? undefined : parseRange(text);
    return range === undefined || cidr.endsWith("/0") ? [] : [{ range, nomatch }];
  });
}
