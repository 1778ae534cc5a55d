import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStore, UpSite } from "../up/up-site";
import { betweenSteps } from "./between-steps";
import type { KillRow, Stage } from "./kill-row";
import { runKills } from "./run-kills";

/** A site with two environments and a copy of each state, whose store can lose everything. */
interface RebuildStage extends Stage {
  readonly site: UpSite;
  /** Where the copies and the journals of this machine are kept, as they were when everything was there. */
  readonly kept: string;
}

const environments = ["monitoring", "prod"] as const;

async function open() {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-kill-rebuild-"));
  const store = await startStore(folder);
  const stages: RebuildStage[] = [];
  for (const number of [1, 2]) {
    const site = UpSite.create(store, `rebuild-${number}`);
    for (const argv of [
      ["up", "--force"],
      ["backup", "state"],
    ]) {
      expect(await site.lifeboat(argv)).toMatchObject({ code: 0 });
    }
    const kept = join(site.folder, "kept");
    for (const part of parts) cpSync(join(site.folder, part), join(kept, part), { recursive: true });
    stages.push({
      site,
      kept,
      name: `site ${number}`,
      stateFolder: site.stateFolder("monitoring"),
      lifeboat: (argv, options) => site.lifeboat(argv, options),
    });
  }
  const close = async (): Promise<void> => {
    for (const { site } of stages) await site.stop();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { stages, close };
}

/** Folders of a site that a rebuild writes into. */
const parts = ["data", "state"];

/** This machine is as it was, and the store has lost its buckets. */
async function lost({ site, kept }: RebuildStage): Promise<() => Promise<unknown>> {
  for (const part of parts) {
    rmSync(join(site.folder, part), { recursive: true, force: true });
    cpSync(join(kept, part), join(site.folder, part), { recursive: true });
  }
  for (const name of environments) site.store.dropBucket(site.bucket(name));
  return () =>
    Promise.resolve({
      picture: site.picture(),
      newest: site.journalStates()["monitoring"]?.[0],
      isInFallback: existsSync(site.dataPath("fallback", "monitoring.json")),
    });
}

const rows: KillRow<RebuildStage>[] = [
  {
    operation: "rebuild of the state store",
    ids: "F1, K4",
    argv: () => ["rebuild", "state-store", "--force"],
    prepare: lost,
    wanted: {
      picture: expect.objectContaining({
        stored: {
          monitoring: [expect.objectContaining({ resources: ["metrics", "store"], pending: 0 })],
          prod: [expect.objectContaining({ resources: ["web", "db"], pending: 0 })],
        },
        live: [],
      }),
      newest: "done",
      isInFallback: false,
    },
    writes: 15,
    changes: 0,
    // Seven steps, and the run of `pulumi` that makes the buckets.
    after: (writes) => {
      const numbers = betweenSteps(writes, ["content"]);
      expect(numbers).toHaveLength(8);
      return numbers;
    },
  },
];

runKills(open, rows);
