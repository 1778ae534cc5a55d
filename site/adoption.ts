import { nameOf, namelessKey } from "./restore/identity";
import { parseNetwork, isNetworkKey, parseMountPoint, PropertyStringError } from "../proxmox/rules/property-strings";
import type { ConfigurationKeys } from "../proxmox/rules/guest-configuration";
import { liveDisks } from "./live-disks";
import { readMark, type Mark } from "./mark";
import type { LiveDisk } from "./policies/coverage";
import type { CalendarDay } from "./settings/environment";
import { parseHostAddress } from "./settings/values/addresses";
import { dnsName, guestName } from "./settings/values/names";

/** A guest that was made by hand, as its node describes it. */
export interface LiveGuest {
  readonly type: "lxc" | "qemu";
  readonly id: number;
  readonly node: string;
  /** Keys and values as Proxmox returns them. */
  readonly configuration: ConfigurationKeys;
}

/** The block of settings that adopts a guest (A10). What is undefined has its default and is not written. */
export interface Adoption {
  /** Key in `lifeboat:guests`. */
  readonly name: string;
  readonly id: number;
  /** Only where it is not the environment's default. */
  readonly node: string | undefined;
  /** Only where it is not the key. */
  readonly hostname: string | undefined;
  /** Only with a fixed address. */
  readonly checks: readonly ("ping" | "ssh")[];
  /** Disks that Proxmox leaves out of backups. */
  readonly disks: readonly LeftOutDisk[];
}

/** A disk that was in no backup before the guest was adopted, and why as far as Proxmox tells. */
export interface LeftOutDisk {
  readonly key: string;
  readonly volume: string;
  readonly reason: string;
}

/** What the settings say already. */
export interface AdoptionContext {
  /** Default node of the environment. */
  readonly node: string;
  /** Keys that are taken. */
  readonly names: ReadonlySet<string>;
}

/** Whose guest it is, if Lifeboat made it: such a guest is never adopted, its block belongs back into the settings. */
export function madeByLifeboat({ configuration }: LiveGuest): Mark | undefined {
  return readMark(configuration["description"]);
}

/** What to write about a guest. */
export function adoptionOf(guest: LiveGuest, { node, names }: AdoptionContext): Adoption {
  const { id, type, configuration } = guest;
  const hostname = nameOf(type, configuration);
  const name = freeName(keyOf(hostname, id), id, names);
  return {
    name,
    id,
    node: guest.node === node ? undefined : guest.node,
    hostname:
      hostname === undefined || hostname === name || !dnsName.safeParse(hostname).success ? undefined : hostname,
    checks: hasFixedAddress(guest) ? ["ping", "ssh"] : [],
    disks: liveDisks(type, configuration)
      .filter(({ included }) => !included)
      .map((disk) => ({ key: disk.key, volume: disk.volume, reason: reasonOf(type, disk, configuration) })),
  };
}

/** How long a disk stays without a backup before somebody has decided about it: previews fail afterwards. */
const graceDays = 30;

/** The last day of the opt-out that a disk gets when its guest is adopted. */
export function graceEnd(today: CalendarDay): CalendarDay {
  return new Date(Date.parse(today) + graceDays * 86_400_000).toISOString().slice(0, "2026-11-20".length);
}

/** The first label of the host name, as far as it can be a key: `web.example.com` is `web`. */
function keyOf(hostname: string | undefined, id: number): string {
  const [label = ""] = (hostname ?? "").split(".");
  const plain = label.replaceAll(/[^A-Za-z0-9-]+/gu, "-").replaceAll(/^-+|-+$/gu, "");
  return guestName.safeParse(plain).success ? plain : namelessKey(id);
}

function freeName(wanted: string, id: number, names: ReadonlySet<string>): string {
  let name = wanted;
  for (let number = 1; names.has(name); number += 1) {
    name = `${wanted.slice(0, 45)}-${String(id)}${number === 1 ? "" : `-${String(number)}`}`;
  }
  return name;
}

/** D1: who has a fixed address is expected to answer there. */
function hasFixedAddress({ type, configuration }: LiveGuest): boolean {
  return Object.entries(configuration).some(([key, text]) =>
    type === "lxc" ? isNetworkKey(key) && isFixed(key, text) : /^ipconfig\d+$/u.test(key) && isFixedCloudInit(text),
  );
}

function isFixed(key: string, text: string): boolean {
  try {
    const { ip, ip6 } = parseNetwork("lxc", text, key, "keep");
    return [ip, ip6].some((address) => parseHostAddress(address) !== undefined);
  } catch (error) {
    if (error instanceof PropertyStringError) return false;
    throw error;
  }
}

function isFixedCloudInit(text: string): boolean {
  return text.split(",").some((part) => parseHostAddress(/^ip6?=(.+)$/u.exec(part)?.[1]) !== undefined);
}

function reasonOf(type: "lxc" | "qemu", { key }: LiveDisk, configuration: ConfigurationKeys): string {
  const kind = type === "lxc" ? parseMountPoint(key, configuration[key] ?? "", "keep").kind : "volume";
  return kind === "volume"
    ? "left out when it was adopted; nobody has said why"
    : "not on a storage: Proxmox never backs it up";
}
