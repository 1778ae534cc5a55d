import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { ProxmoxError } from "../../../../proxmox/api/errors";
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
    if (read.failure.kind === "gone" || /no format/u.test(read.failure.reason)) return "gone";
    return { record: nextRecord(known, found, now), notRecorded: read.failure.reason };
  }
  const { notes } = read.value;
  const record = nextRecord(readVerification(notes), found, now);
  const written = await attempt(client.backups.setArchiveNotes(node, volid, withVerification(notes, record)));
  return "failure" in written ? { record, notRecorded: written.failure.reason } : { record };
}

async function attempt<Value>(answer: Promise<Value>): Promise<{ value: Value } | { failure: ProxmoxError }> {
  try {
    return { value: await answer };
  } catch (error) {
    if (error instanceof ProxmoxError) return { failure: error };
    throw error;
  }
}
