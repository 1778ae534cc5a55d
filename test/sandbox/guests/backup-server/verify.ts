import { sha256Of } from "../../machine/files";
import type { Site } from "../../model/site";
import { verificationTask } from "./content";
import { listSnapshots, snapshotArchive, writeRecord } from "./snapshots";

/** What verify jobs on the servers do: they compare the data with its checksums, and each snapshot's record has the result. */
export async function verifySnapshots(site: Site): Promise<void> {
  for (const { nodes, state } of site.clusters) {
    const [node] = nodes;
    if (node === undefined) continue;
    for (const storage of state.storages.filter(({ type }) => type === "pbs")) {
      for (const snapshot of await listSnapshots(node, storage)) {
        const { record } = snapshot;
        const sum = await sha256Of(snapshotArchive(node, storage, snapshot)).catch(() => undefined);
        const state = sum === record.sha256 ? "ok" : "failed";
        const verification = { state, upid: verificationTask(site.clock.seconds()) } as const;
        await writeRecord(node, storage, { ...snapshot, record: { ...record, verification } });
      }
    }
  }
}
