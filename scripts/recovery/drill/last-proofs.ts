import type { ProxmoxClient } from "../../../proxmox/api/client";
import { couldNotBeAsked, ProxmoxError } from "../../../proxmox/api/errors";
import { type ArchiveProof, readProof } from "../../../site/drill/proof-notes";
import { isSavePoint } from "../../../site/restore/save-point";
import { runBounded } from "../../machine/bounded";
import type { Proof } from "./history";

/** An archive as a list shows it, and a node that reaches it. */
export interface NotedArchive {
  readonly volid: string;
  readonly node: string;
  /** Unix seconds. */
  readonly time: number;
  /** The first line alone. */
  readonly notes: string;
}

/** What the last drill has found out about the backups of a guest. */
export interface LastProof {
  /** Undefined: no drill has tried them, as far as could be read. */
  readonly proof: ArchiveProof | undefined;
  /** Whether all notes could be read that might hold a newer one. */
  readonly isCertain: boolean;
}

const atOnce = { parallel: 8, perKey: 8, keyOf: () => "" };

/** A drill takes the newest archive: what is further back than this was tried so long ago that it proves little. */
const mostArchives = 32;

/**
 * By guest's id what the last drill of any machine has found: from the notes of its archives, the newest first until one has it;
 * and from the history of this machine, where notes could not be written or the archive is gone.
 */
export async function lastProofs(
  client: ProxmoxClient,
  ids: readonly number[],
  archivesOf: (id: number) => readonly NotedArchive[],
  history: readonly Proof[],
): Promise<ReadonlyMap<number, LastProof>> {
  const found = await runBounded(ids, atOnce, async (id): Promise<[number, LastProof]> => {
    const noted = await proofInNotes(client, archivesOf(id));
    const own = history.findLast(({ vmid }) => vmid === id);
    const isOwnNewer = own !== undefined && (noted.proof === undefined || timeOf(own) > timeOf(noted.proof));
    return [id, isOwnNewer ? { ...noted, proof: own } : noted];
  });
  return new Map(found);
}

/** Unix seconds. */
export function timeOf({ at }: Pick<ArchiveProof, "at">): number {
  return Date.parse(at) / 1_000;
}

async function proofInNotes(client: ProxmoxClient, archives: readonly NotedArchive[]): Promise<LastProof> {
  const newestFirst = archives.filter(({ notes }) => !isSavePoint(notes)).toSorted((a, b) => b.time - a.time);
  let isCertain = true;
  for (const { node, volid } of newestFirst.slice(0, mostArchives)) {
    const notes = await notesOf(client, node, volid);
    if (notes === undefined) isCertain = false;
    const proof = readProof(notes, volid);
    if (proof !== undefined && !Number.isNaN(timeOf(proof))) return { proof, isCertain };
  }
  return { proof: undefined, isCertain };
}

/** Undefined: nobody knows, which is another thing than notes without a proof. An archive that was pruned meanwhile has none. */
async function notesOf(client: ProxmoxClient, node: string, volid: string): Promise<string | undefined> {
  try {
    return (await client.backups.archiveDetails(node, volid)).notes;
  } catch (error) {
    if (!(error instanceof ProxmoxError)) throw error;
    if (error.kind === "gone") return "";
    if (error.kind === "failed" || error.kind === "forbidden" || couldNotBeAsked(error)) return undefined;
    throw error;
  }
}
