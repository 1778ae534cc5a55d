import { GuestUnreachable } from "../../clients/guest-shell";

/** What is known of the host keys of a copy. */
export interface CopyKeys {
  readonly type: "lxc" | "qemu";
  /** Those of its original, which a copy of its disks has too. */
  readonly pinned: readonly string[];
  /** As the copy's node reads them in it. @throws GuestUnreachable where it cannot, such as in a machine without an agent */
  readonly onNode: () => Promise<readonly string[]>;
  /** Whether cloud-init sets the copy up: for it one with other MAC addresses is a new machine, and gets new keys. */
  readonly hasCloudInit: () => Promise<boolean>;
}

/**
 * Keys that a copy may show: those of its original, and those that its node has read.
 *
 * @throws GuestUnreachable where cloud-init makes new ones and nobody can say which: then the first that is shown counts, as only
 *   copies of this drill are on its bridge
 */
export async function keysOfCopy({ type, pinned, onNode, hasCloudInit }: CopyKeys): Promise<readonly string[]> {
  if (type === "lxc" && pinned.length > 0) return pinned;
  try {
    return [...pinned, ...(await onNode())];
  } catch (error) {
    if (!(error instanceof GuestUnreachable) || pinned.length === 0 || (await hasCloudInit())) throw error;
    return pinned;
  }
}
