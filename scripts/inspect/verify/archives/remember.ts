import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { ProxmoxError } from "../../../../proxmox/api/errors";
import { storageOf } from "../../../../proxmox/rules/volume-ids";
import {
  type FoundNow,
  nextRecord,
  readVerification,
  type VerificationRecord,
  withVerification,
} from "../../../../site/restore/verification-record";
import type { ListedArchive } from "./listed";

/** What is remembered of an archive now. */
export interface Remembered {
  readonly record: VerificationRecord;
  /** Why it is not in its notes. */
  readonly notRecorded?: string;
}

/**
 * Compares what was found with what was recorded, and records it. The notes are read again for that: somebody may have written
 * some while gigabytes were read.
 *
 * @returns `gone`: the archive was removed meanwhile.
 */
export async function remember(
  client: ProxmoxClient,
  { archive: { node, volid }, record: known }: ListedArchive,
  found: FoundNow,
  now: number,
): Promise<Remembered | "gone"> {
  const read = await attempt(client.backups.archiveDetails(node, volid));
  if ("failure" in read) {
    if (read.failure.kind === "gone" && (await isRemoved(client, node, volid))) return "gone";
    return { record: nextRecord(known, found, now), notRecorded: read.failure.reason };
  }
  const { notes } = read.value;
  const record = nextRecord(readVerification(notes), found, now);
  const written = await attempt(client.backups.setArchiveNotes(node, volid, withVerification(notes, record)));
  return "failure" in written ? { record, notRecorded: written.failure.reason } : { record };
}

/** Proxmox also says of a file that it cannot look at that it is not there, as of one whose storage has gone: its list decides. */
async function isRemoved(client: ProxmoxClient, node: string, volid: string): Promise<boolean> {
  const listed = await attempt(client.backups.archives(node, storageOf(volid)));
  return "value" in listed && listed.value.every((one) => one.volid !== volid);
}

async function attempt<Value>(answer: Promise<Value>): Promise<{ value: Value } | { failure: ProxmoxError }> {
  try {
    return { value: await answer };
  } catch (error) {
    if (error instanceof ProxmoxError) return { failure: error };
    throw error;
  }
}
