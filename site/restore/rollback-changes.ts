import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";

/** What else goes back with a guest's disks. */
export interface RollbackChanges {
  /** Keys of the configuration that get their earlier value, with both. */
  readonly keys: readonly {
    readonly key: string;
    readonly from: string | undefined;
    readonly to: string | undefined;
  }[];
  /** Disks that were added since: they are taken off the guest and kept, unused. */
  readonly detached: readonly string[];
}

/** Keys that Proxmox keeps over a rollback, or that say something about the snapshot itself. */
const own = /^(?:digest|lock|parent|snaptime|snapstate|vmstate|description|unused\d+|running.*|template)$/;

const diskKey = /^(?:rootfs|mp\d+|(?:ide|sata|scsi|virtio)\d+|efidisk0|tpmstate0)$/;

/**
 * What a rollback changes besides the contents of the disks (pve-guest-common, `snapshot_rollback`).
 *
 * @param present configuration of the guest now.
 * @param snapshot the configuration that the snapshot holds.
 */
export function rollbackChanges(present: ConfigurationKeys, snapshot: ConfigurationKeys): RollbackChanges {
  const names = [...new Set([...Object.keys(present), ...Object.keys(snapshot)])]
    .filter((key) => !own.test(key))
    .sort();
  const changed = names.filter((key) => present[key] !== snapshot[key]);
  const isDetached = (key: string): boolean => diskKey.test(key) && snapshot[key] === undefined;
  return {
    keys: changed.filter((key) => !isDetached(key)).map((key) => ({ key, from: present[key], to: snapshot[key] })),
    detached: changed.filter(isDetached),
  };
}
