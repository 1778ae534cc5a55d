import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { couldNotBeAsked } from "../../../../proxmox/api/errors";
import { backupServerOwner } from "../../../../proxmox/rules/volume-ids";
import { readVerification, type VerificationRecord } from "../../../../site/restore/verification-record";
import { runBounded } from "../../../machine/bounded";
import type { FoundArchive } from "./inspection";
import { unless } from "./inspect-present";

const atOnce = { parallel: 6, perKey: 6, keyOf: () => "" };

/** Archives with what `lifeboat verify` has recorded of them: lists show the first line of the notes alone. */
export function withRecords(client: ProxmoxClient, archives: readonly FoundArchive[]): Promise<FoundArchive[]> {
  return runBounded(archives, atOnce, async (archive) => ({
    ...archive,
    verified: await recordOf(client, archive.nodes[0] ?? "", archive),
  }));
}

/**
 * What was recorded of an archive. A node that cannot tell it says nothing against the archive: whoever restores from it asks that
 * node for more, and is told then.
 */
export async function recordOf(
  client: ProxmoxClient,
  node: string,
  { volid, size }: Pick<FoundArchive, "volid" | "size">,
): Promise<VerificationRecord | undefined> {
  // A backup server verifies by itself, and of an empty file Proxmox tells nothing.
  if (size === 0 || backupServerOwner(volid) !== undefined) return undefined;
  try {
    const details = await unless(["failed", "gone", "forbidden"], client.backups.archiveDetails(node, volid));
    return details && readVerification(details.notes);
  } catch (error) {
    if (couldNotBeAsked(error)) return undefined;
    throw error;
  }
}
