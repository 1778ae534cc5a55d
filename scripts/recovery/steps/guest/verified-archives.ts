import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { couldNotBeAsked, ProxmoxError } from "../../../../proxmox/api/errors";
import { backupServerOwner } from "../../../../proxmox/rules/volume-ids";
import { readVerification, type VerificationRecord } from "../../../../site/restore/verification-record";
import { runBounded } from "../../../machine/bounded";
import type { FoundArchive } from "./inspection";
import { unless } from "./inspect-present";

/** What is said of an archive whose record could not be read. */
export function unreadText(volid: string): string {
  return `what 'lifeboat verify' has found of ${volid} could not be read: it may be known to be damaged`;
}

const atOnce = { parallel: 6, perKey: 6, keyOf: () => "" };

/** Archives with what `lifeboat verify` has recorded of them: lists show the first line of the notes alone. */
export function withRecords(client: ProxmoxClient, archives: readonly FoundArchive[]): Promise<FoundArchive[]> {
  return runBounded(archives, atOnce, async (archive) => {
    const { record: verified, isUnread } = await readRecord(client, archive.nodes[0] ?? "", archive);
    return { ...archive, verified, isUnread };
  });
}

/** What was recorded of an archive: undefined where there is nothing, or where the node could not tell it. */
interface ReadRecord {
  readonly record: VerificationRecord | undefined;
  /** The node did not tell: there may be a record. */
  readonly isUnread: boolean;
}

/** What was recorded of an archive. A node that cannot tell it says nothing against the archive, and that is said to people. */
export async function readRecord(
  client: ProxmoxClient,
  node: string,
  { volid, size }: Pick<FoundArchive, "volid" | "size">,
): Promise<ReadRecord> {
  // A backup server verifies by itself, and of an empty file Proxmox tells nothing.
  if (size === 0 || backupServerOwner(volid) !== undefined) return { record: undefined, isUnread: false };
  try {
    const details = await unless(["gone"], client.backups.archiveDetails(node, volid));
    return { record: details && readVerification(details.notes), isUnread: false };
  } catch (error) {
    const isRefused = error instanceof ProxmoxError && ["failed", "forbidden"].includes(error.kind);
    if (isRefused || couldNotBeAsked(error)) return { record: undefined, isUnread: true };
    throw error;
  }
}
