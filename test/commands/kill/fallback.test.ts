import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { StateSite } from "../state/state-site";
import { putUpdate, stateKey, stateText } from "../state/states";
import type { KillRow, Stage } from "./kill-row";
import { runKills } from "./run-kills";

/** An environment whose state is in a store that can be down. */
interface StoreStage extends Stage {
  readonly site: StateSite;
}

const env = "prod";
const minute = 60_000;

async function open() {
  const stages = await Promise.all(
    [1, 2].map(async (number): Promise<StoreStage> => {
      const site = await StateSite.start();
      return {
        site,
        name: `site ${number}`,
        stateFolder: site.stateFolder(env),
        lifeboat: (argv, options) => site.lifeboat(argv, options),
      };
    }),
  );
  return { stages, close: async () => void (await Promise.all(stages.map(({ site }) => site.stop()))) };
}

/** Looks at what there is of the state in both places. Two sites have secrets of their own. */
function watch({ site }: StoreStage): () => Promise<unknown> {
  return async () => {
    const [found] = await site.local.list(stateKey(env));
    const bucket = [...site.bucket(env)];
    const places = {
      here: found && (await site.local.read(found.key)).toString(),
      stored: site.bucket(env).get(stateKey(env)),
      saved: bucket.filter(([key]) => key.startsWith(".lifeboat/")).map(([, text]) => text),
    };
    return {
      ...withoutSecrets(places),
      history: bucket.filter(([key]) => key.includes("/history/")).length,
      locks:
        bucket.filter(([key]) => key.includes("/locks/")).length + (await site.local.list(".pulumi/locks/")).length,
    };
  };
}

function withoutSecrets(value: object): object {
  return JSON.parse(JSON.stringify(value).replaceAll(/v1:[^"\\]+/gu, "v1"));
}

/** Two empty places, then a state in the store and its copy. */
async function afresh({ site }: StoreStage): Promise<void> {
  await site.store.open();
  rmSync(join(site.folder, "data"), { recursive: true, force: true });
  site.store.dropBucket(`lifeboat-state-${env}`);
  site.store.makeBucket(`lifeboat-state-${env}`);
  putUpdate(site, env, minute);
  for (const [key, text] of site.bucket(env)) await site.copies(env).write(key, Buffer.from(text));
}

async function storeDown(stage: StoreStage): Promise<void> {
  await afresh(stage);
  await stage.site.store.close();
}

/** In fallback, with a state that has changed on this machine since; the store is back. */
async function inFallback(stage: StoreStage): Promise<void> {
  const { site } = stage;
  const kept = join(site.folder, "in-fallback");
  const data = join(site.folder, "data");
  if (!site.has("in-fallback")) {
    await storeDown(stage);
    expect(await site.lifeboat(["state", "fallback", env, "--force"])).toMatchObject({ code: 0 });
    await site.local.write(stateKey(env), Buffer.from(stateText(site, env, { made: 9 * minute, memory: 2_048 })));
    cpSync(data, kept, { recursive: true });
  }
  await afresh(stage);
  rmSync(data, { recursive: true });
  cpSync(kept, data, { recursive: true });
}

const rows: KillRow<StoreStage>[] = [
  {
    operation: "fallback",
    ids: "K4, E4",
    argv: () => ["state", "fallback", env, "--force"],
    prepare: async (stage) => {
      await storeDown(stage);
      return watch(stage);
    },
    wanted: { here: expect.stringContaining('"dedicated":60512'), locks: 0 },
    writes: 8,
    changes: 2,
  },
  {
    operation: "return",
    ids: "K4, E4",
    argv: () => ["state", "return", env, "--force"],
    prepare: async (stage) => {
      await inFallback(stage);
      return watch(stage);
    },
    wanted: {
      stored: expect.stringContaining('"dedicated":2048'),
      saved: [expect.stringContaining('"dedicated":60512')],
      history: 2,
      locks: 0,
    },
    writes: 16,
    changes: 4,
  },
];

runKills(open, rows);
