import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";

/**
 * Options through which a copy would work on what is its original's: devices of the node, and the script that the node runs
 * at its start and end. A restore brings them in from the archive. Only root@pam may set or delete them, so that no token can
 * keep them out. Source: pve-container, `sanitize_and_merge_config` and `check_ct_modify_config_perm`.
 */
export function originalsOwn(keys: ConfigurationKeys): string[] {
  return Object.keys(keys)
    .filter((key) => /^dev\d+$/u.test(key) || key === "hookscript")
    .sort();
}
