import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";

/**
 * Why Proxmox wants `Sys.Modify` on `/` for a restore of a container; undefined where it does not. Over a guest that is there
 * only a container that becomes privileged by it needs that. Source: semantics of the API, §7 and its addition.
 *
 * @param archived the archive's configuration
 * @param overwritten that of the guest which is overwritten, if there is one
 */
export function nodeRight(archived: ConfigurationKeys, overwritten: ConfigurationKeys | undefined): string | undefined {
  const isPrivileged = archived["unprivileged"] !== "1";
  if (overwritten !== undefined) {
    return isPrivileged && overwritten["unprivileged"] === "1" ? "makes the container privileged" : undefined;
  }
  if (isPrivileged) return "makes a privileged container";
  return archived["startup"] === undefined ? undefined : "sets the container's order of start";
}
