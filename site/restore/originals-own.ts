import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";

/**
 * Options through which a copy would work on what is its original's: devices and folders of the node, and the script that the
 * node runs at its start and end. A restore brings them in from the archive. Only root@pam may set or delete them, or whoever may use
 * the mapping that they name, so that no token can keep them out. Source: pve-container, `sanitize_and_merge_config` and
 * `check_ct_modify_config_perm`; qemu-server, `check_vm_modify_config_perm` and `check_mapping_access`.
 */
export function originalsOwn(keys: ConfigurationKeys): string[] {
  return Object.keys(keys)
    .filter((key) => /^(?:dev|hostpci|virtiofs|parallel)\d+$/u.test(key) || isRealPort(key, keys[key]) || raw.has(key))
    .sort();
}

/** A script of the node, and words for QEMU itself, which may name anything. */
const raw: ReadonlySet<string> = new Set(["hookscript", "args"]);

/** Of a serial port and a USB port there are some that QEMU makes out of nothing. */
function isRealPort(key: string, value = ""): boolean {
  if (/^serial\d+$/u.test(key)) return value !== "socket";
  return /^usb\d+$/u.test(key) && !/^(?:host=)?spice(?:,|$)/iu.test(value);
}

/** Devices of a virtual machine that no mapping names: Proxmox lets only root@pam restore them, in place or beside. */
export function nodeDevices(keys: ConfigurationKeys): string[] {
  return Object.keys(keys)
    .filter((key) => {
      const value = keys[key] ?? "";
      if (/^usb\d+$/u.test(key)) return isRealPort(key, value) && !value.includes("mapping=");
      return /^hostpci\d+$/u.test(key) && !value.includes("mapping=");
    })
    .sort();
}
