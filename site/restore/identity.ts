import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";

/** Whether an archive is of the guest that is meant. */
export interface Identity {
  readonly same: boolean;
  /** Name in the archive; undefined when its configuration has none. */
  readonly found: string | undefined;
}

/** The name that a guest's configuration gives it: `hostname` of a container, `name` of a virtual machine. */
export function nameOf(kind: "lxc" | "qemu", keys: ConfigurationKeys): string | undefined {
  return kind === "lxc" ? keys["hostname"] : keys["name"];
}

/**
 * Compares the name in an archive's configuration with the one that the guest must have (D2). Numbers are used again
 * when guests are deleted and made; a name that differs means that the archive is another guest's.
 *
 * Names of hosts are the same in capital and small letters. An archive without a name is not of the guest: Proxmox
 * gives every container one, and virtual machines made by Lifeboat have one.
 */
export function sameGuest(kind: "lxc" | "qemu", archived: ConfigurationKeys, expectedName: string): Identity {
  const found = nameOf(kind, archived);
  return { same: found?.toLowerCase() === expectedName.toLowerCase(), found };
}
