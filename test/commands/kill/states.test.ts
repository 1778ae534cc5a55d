import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HistorySite } from "../state/history-site";
import { digestOf, type Update } from "../support/site/backend";
import type { KillRow, Stage } from "./kill-row";
import { runKills } from "./run-kills";

/** A stack with two updates; the older one is packed. */
interface StateStage extends Stage {
  readonly site: HistorySite;
  readonly first: Update;
  readonly second: Update;
  /** Id of the point that the older one left. */
  readonly point: string;
  /** Everything that was in the backend at first. */
  readonly contents: ReadonlyMap<string, Buffer>;
}

const web = { name: "web", id: "9101" };
const presentKey = ".pulumi/stacks/shop/prod.json";

async function openOne(number: number): Promise<StateStage> {
  const site = HistorySite.inFolder();
  const first = site.update({ resources: [web] }, { packed: true });
  const second = site.update({ resources: [web, { name: "db", id: "9102" }] });
  return {
    site,
    first,
    second,
    name: `site ${number}`,
    point: await site.idOf(first),
    contents: new Map(
      [...site.backend.picture().keys()].map((key) => [key, readFileSync(join(site.folder, "backend", key))]),
    ),
    stateFolder: site.stateFolder(),
    lifeboat: (argv, options) => site.lifeboat(argv, options),
  };
}

async function open() {
  const stages = await Promise.all([1, 2].map(openOne));
  return { stages, close: async () => void (await Promise.all(stages.map(({ site }) => site.stop()))) };
}

/** Back to the second state, with nothing saved and no locks. */
async function reset({ site, contents, second }: StateStage): Promise<void> {
  const { backend } = site;
  for (const key of backend.picture().keys()) if (!contents.has(key)) backend.remove(key);
  for (const [key, body] of contents) backend.put(key, body);
  backend.remove(`${presentKey}.gz`);
  backend.put(presentKey, second.checkpoint);
}

function watch({ site, first, second }: StateStage): () => Promise<unknown> {
  return () => {
    const picture = site.backend.picture();
    const keys = [...picture.keys()];
    return Promise.resolve({
      packed: picture.get(`${presentKey}.gz`) === digestOf(first.checkpoint),
      plain: picture.get(presentKey) === digestOf(second.checkpoint),
      saved: keys
        .filter((key) => key.startsWith(".lifeboat"))
        .map((key) => picture.get(key) === digestOf(second.checkpoint)),
      locks: keys.filter((key) => key.includes("/locks/")).length,
      history: keys.filter((key) => key.includes("/history/")).length,
    });
  };
}

const rows: KillRow<StateStage>[] = [
  {
    operation: "restore of a state",
    ids: "K4",
    argv: ({ point }) => ["restore", "state", "prod", "--to", point, "--force"],
    prepare: async (stage) => {
      await reset(stage);
      return watch(stage);
    },
    wanted: { packed: true, plain: false, saved: [true], locks: 0 },
    writes: 15,
    changes: 4,
  },
  {
    operation: "pruning of a state's history",
    ids: "K4",
    argv: () => ["state", "prune", "prod", "--keep", "1", "--force"],
    prepare: async (stage) => {
      await reset(stage);
      return watch(stage);
    },
    wanted: { plain: true, locks: 0, history: 2 },
    writes: 4,
    changes: 1,
  },
];

runKills(open, rows);
