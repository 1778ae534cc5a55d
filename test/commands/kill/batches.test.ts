import { basename } from "node:path";
import { RestoreSite, node } from "../restore/restore-site";
import { ArchiveFiles } from "../support/site/archive-files";
import type { KillRow, Stage } from "./kill-row";
import { runKills } from "./run-kills";

/** Two containers that are worked on at once. */
interface PairStage extends Stage {
  readonly site: RestoreSite;
  readonly ids: readonly number[];
  /** Names of their archives' files. */
  readonly archives: readonly string[];
  readonly renew: () => void;
}

const pairs = [
  [106, 107],
  [108, 109],
  [110, 111],
];

async function open() {
  const site = await RestoreSite.start(pairs.flat().map((id) => ({ id, name: `guest-${id}` })));
  const archives = new Map<number, string>();
  for (const id of pairs.flat()) archives.set(id, basename(await site.backUp(id)));
  const stages = pairs.map((ids): PairStage => {
    let env = site.otherMachine();
    return {
      site,
      ids,
      archives: ids.map((id) => archives.get(id) ?? ""),
      name: ids.join(" and "),
      renew: () => (env = site.otherMachine()),
      get stateFolder() {
        return site.stateFolder("prod", env);
      },
      lifeboat: (argv, options) => site.lifeboat(argv, { ...options, env: { ...env, ...options?.env } }),
    };
  });
  return { stages, close: () => site.stop() };
}

const namesOf = ({ ids }: PairStage): string[] => ids.map((id) => `guest-${id}`);

function restores({ site }: PairStage, vmid: number): number {
  return site
    .requests()
    .filter(({ method, path }) => method === "POST" && path === `/nodes/${node}/lxc`)
    .filter(({ parameters }) => parameters["vmid"] === String(vmid)).length;
}

/** Looks at what has become of both since now. */
function watch(stage: PairStage): () => Promise<unknown> {
  const { site, ids } = stage;
  const before = ids.map((id) => restores(stage, id));
  return async () => {
    const configurations = ids.map((vmid) => site.client.guests.guestConfig({ node, type: "lxc", vmid }));
    return {
      memories: (await Promise.all(configurations)).map((configuration) => configuration["memory"]),
      restores: ids.map((id, index) => restores(stage, id) - (before[index] ?? 0)),
      running: await Promise.all(ids.map((id) => site.running(id))),
    };
  };
}

/** Both differ from their archives from now on. The save points of kills before are gone: hundreds of them take long to list. */
async function change({ site, ids, archives, renew }: PairStage): Promise<void> {
  renew();
  const files = new ArchiveFiles(site.nodePath(node, "mnt/backup/dump"));
  for (const [index, vmid] of ids.entries()) files.remove(vmid, archives[index]);
  for (const vmid of ids) await site.client.guests.setGuestConfig({ node, type: "lxc", vmid }, { memory: 640 });
}

const rows: KillRow<PairStage>[] = [
  {
    operation: "restore of two guests",
    ids: "K4",
    argv: (stage) => ["restore", "guest", ...namesOf(stage), "--force", "--stop"],
    prepare: async (stage) => {
      await change(stage);
      return watch(stage);
    },
    wanted: { memories: ["512", "512"], restores: [1, 1], running: [true, true] },
    writes: 50,
    changes: 10,
    isBatch: true,
  },
];

runKills(open, rows);
