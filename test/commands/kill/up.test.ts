import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStore, UpSite } from "../up/up-site";
import { betweenSteps } from "./between-steps";
import type { KillRow, Stage } from "./kill-row";
import { runKills } from "./run-kills";

/** A new project for each kill, with a server of its own buckets that all share. */
interface UpStage extends Stage {
  readonly renew: () => Promise<UpSite>;
}

async function open() {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-kill-up-"));
  const store = await startStore(folder);
  let projects = 0;
  const stages = [1, 2].map((number): UpStage => {
    let site: UpSite | undefined;
    const present = (): UpSite => {
      if (site === undefined) throw new Error("there is no project yet");
      return site;
    };
    return {
      name: `lane ${number}`,
      renew: async () => {
        await site?.stop();
        projects += 1;
        site = UpSite.create(store, `kill-${projects}`);
        return site;
      },
      get stateFolder() {
        return present().stateFolder("monitoring");
      },
      lifeboat: (argv, options) => present().lifeboat(argv, options),
    };
  });
  const close = async (): Promise<void> => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { stages, close };
}

const rows: KillRow<UpStage>[] = [
  {
    operation: "up of a whole site",
    ids: "B3, K4",
    argv: () => ["up", "--force"],
    prepare: async (stage) => {
      const site = await stage.renew();
      return () =>
        Promise.resolve({
          picture: site.picture(),
          newest: Object.values(site.journalStates()).map(([newest]) => newest),
        });
    },
    wanted: { picture: { live: [], archived: ["monitoring-TIME.json"] }, newest: ["done", "done"] },
    writes: 30,
    changes: 0,
    // Nine steps of the stack that makes the store, three of the other, and three runs of `pulumi` that take long.
    after: (writes) => {
      const numbers = betweenSteps(writes, ["up", "move"]);
      expect(numbers).toHaveLength(15);
      return numbers;
    },
  },
];

runKills(open, rows);
