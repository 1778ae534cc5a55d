import { AdoptedSite } from "../support/adopted-site";
import type { KillRow, Stage } from "./kill-row";
import { runKills } from "./run-kills";

/** An environment with a node of its own and two guests, all of which are backed up by one run. */
interface EnvironmentStage extends Stage {
  readonly site: AdoptedSite;
  readonly node: string;
  readonly ids: readonly number[];
}

const environments = (["prod", "lab", "monitoring"] as const).map((name, index) => ({
  name,
  node: `pve-${name}`,
  profile: name,
  guests: [1, 2].map((number) => ({ id: 100 * (index + 1) + number, name: `${name}-${number}` })),
}));

async function open() {
  const site = await AdoptedSite.start(environments);
  const stages = environments.map(({ name, node, guests }): EnvironmentStage => ({
    site,
    name,
    node,
    ids: guests.map(({ id }) => id),
    stateFolder: site.stateFolder(name),
    lifeboat: (argv, options) => site.lifeboat(argv, options),
  }));
  return { stages, close: () => site.stop() };
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
