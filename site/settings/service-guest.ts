import { at, isMapping, type Finding } from "./schema-tools";
import { parseHostAddress } from "./values/addresses";

/** What every service needs of the guest that it is installed in: the state store, the monitoring. */

/** `a container: store, web` */
export function guestsOf(raw: unknown, kinds: readonly ("container" | "virtual-machine")[]): string {
  const noun = kinds.map((kind) => `a ${kind.replace("-", " ")}`).join(" or ");
  const guests = at(raw, "guests");
  const names = isMapping(guests)
    ? Object.keys(guests).filter((key) => kinds.some((kind) => at(guests[key], "kind") === kind))
    : [];
  return names.length === 0 ? `${noun} of lifeboat:guests` : `${noun}: ${names.sort().join(", ")}`;
}

/**
 * Whether a service can be installed in a guest, be guarded, and come back from a backup.
 *
 * @param what the service, for messages: `the state store`
 */
export function guestIsFit(what: string, name: string, guest: unknown): Finding[] {
  const found: Finding[] = [];
  const path = ["guests", name];
  const address = at(at(guest, "network"), "address");
  if (address === "dhcp") {
    const allowed = "a fixed address such as 192.0.2.132/24";
    found.push({ path: [...path, "network", "address"], message: `${what} has to keep its address`, allowed });
  }
  const firewall = at(at(guest, "network"), "firewall");
  if (parseHostAddress(address) !== undefined && firewall !== true && firewall !== "true") {
    const message = `${what}'s rules have no effect without Proxmox's firewall on its network card`;
    found.push({ path: [...path, "network", "firewall"], message, allowed: "true" });
  }
  if (at(at(guest, "network"), "mac") !== undefined) {
    const message = `${what}'s guest gets its MAC address from Proxmox: another one tells that it was made anew`;
    found.push({ path: [...path, "network", "mac"], message, allowed: "no fixed MAC address" });
  }
  if (at(guest, "backup") !== undefined) {
    const message = `${what}'s guest has to be in the backup`;
    found.push({ path: [...path, "backup"], message, found: "an opt-out", allowed: "no opt-out" });
  }
  return found;
}

/** The disk that keeps a service's data, and the key of the settings that names it. */
interface DataDisk {
  /** What is on it, for messages: `the states`. */
  readonly what: string;
  readonly path: readonly string[];
}

/** Whether a guest has the disk, and its backup has what is on it. */
export function diskIsFit({ what, path }: DataDisk, name: string, guest: unknown, disk: unknown): Finding[] {
  if (typeof disk !== "string") return [];
  const disks = at(guest, "disks");
  const entry = at(disks, disk);
  if (entry === undefined) {
    const names = isMapping(disks) ? Object.keys(disks).sort().join(", ") : "";
    const allowed = names === "" ? "a disk of its own for the data" : `a disk of ${name}: ${names}`;
    return [{ path, message: `guest ${name} has no disk ${disk}`, allowed, found: `"${disk}"` }];
  }
  if (at(entry, "bind") !== undefined || at(entry, "protectedBy") !== undefined) {
    const message = `disk ${disk} is a bind mount, which Proxmox never backs up`;
    return [{ path, message, allowed: "a volume", found: `"${disk}"` }];
  }
  if (at(entry, "backup") === undefined) return [];
  const message = `${what} have to be in the backup`;
  return [{ path: ["guests", name, "disks", disk, "backup"], message, found: "an opt-out", allowed: "no opt-out" }];
}
