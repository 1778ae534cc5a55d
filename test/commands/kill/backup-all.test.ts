import { AdoptedSite } from "../support/adopted-site";
import { type EnvironmentStage, stagesOf, threeEnvironments } from "./environment-stage";
import type { KillRow } from "./kill-row";
import { runKills } from "./run-kills";

/** All guests of an environment are backed up by one run. */
const environments = threeEnvironments((id, number, environment) => ({ id, name: `${environment}-${number}` }));

async function open() {
  const site = await AdoptedSite.start(environments);
  return { stages: stagesOf(site, environments), close: () => site.stop() };
}

/** Looks at what was asked of the node since now, and at which guests were backed up by that. */
async function watch({ site, node, ids }: EnvironmentStage): Promise<() => Promise<unknown>> {
  for (const id of ids) site.removeArchives(node, id);
  const before = site.requests(node).length;
  return async () => {
    const asked = site.requests(node).slice(before);
    const archives = ids.map((id) => site.on(node, (client) => client.backups.archives(node, "backup", id)));
    return {
      runs: asked.filter(({ method, path }) => method === "POST" && path.endsWith("/vzdump")).length,
      archives: (await Promise.all(archives)).map((found) => found.length),
    };
  };
}

const rows: KillRow<EnvironmentStage>[] = [
  {
    operation: "backup of all guests",
    ids: "A3, K4",
    argv: ({ name }) => ["backup", "--all", name],
    prepare: watch,
    wanted: { runs: 1, archives: [1, 1] },
    writes: 5,
    changes: 1,
    isBatch: true,
  },
];

runKills(open, rows);
