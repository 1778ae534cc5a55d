import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startStore, UpSite } from "../up/up-site";
import type { KillRow, Stage } from "./kill-row";
import { runKills } from "./run-kills";

/** A site with a store of its own in a container; each change of keys begins with the keys of the one before. */
interface RotateStage extends Stage {
  readonly site: UpSite;
  readonly renew: () => void;
}

async function open() {
  const folder = mkdtempSync(join(tmpdir(), "lifeboat-kill-rotate-"));
  const stages: RotateStage[] = [];
  for (const name of ["one", "two"]) {
    const site = UpSite.create(await startStore(join(folder, name)), name);
    await site.makeContainer();
    let env = site.otherMachine();
    stages.push({
      site,
      name,
      renew: () => (env = site.otherMachine()),
      get stateFolder() {
        return site.stateFolder("prod", env);
      },
      lifeboat: (argv, options) =>
        site.lifeboat(argv, { ...options, env: { ...env, LIFEBOAT_STATE_KEYS_FILE: undefined, ...options?.env } }),
    });
  }
  const close = async (): Promise<void> => {
    for (const { site } of stages) {
      await site.store.close();
      await site.stop();
    }
    rmSync(folder, { recursive: true, force: true });
  };
  return { stages, close };
}

/** Without what differs from lane to lane: each has a server of its own. */
function pictureOf(site: UpSite): string {
  const { port } = new URL(site.store.endpoint);
  const text = JSON.stringify(site.picture()).replaceAll(port, "PORT");
  return text.replaceAll(/BEGIN CERTIFICATE.*?END CERTIFICATE/gu, "CERTIFICATE");
}

const rows: KillRow<RotateStage>[] = [
  {
    operation: "change of the keys",
    ids: "N6, K4",
    argv: () => ["state", "rotate", "prod", "--force"],
    prepare: async ({ site, renew }) => {
      renew();
      // New keys are named by the second in which they are made: those of the kill before must not have the same name.
      const second = new Date().getUTCSeconds();
      while (new Date().getUTCSeconds() === second) await sleep(50);
      const { users, accounts } = site.store.identities;
      const former = [...users.keys()].filter((name) => name.startsWith("lifeboat-prod"));
      for (const name of former) accounts.set(`made by ${name}`, name);
      return () =>
        Promise.resolve({
          former: former.filter((name) => users.has(name)),
          made: [...accounts.keys()],
          users: [...users.keys()].map((name) => name.replace(/@\d{8}T\d{6}$/u, "")).sort(),
          site: pictureOf(site),
        });
    },
    wanted: {
      former: [],
      made: [],
      users: [
        "lifeboat-monitoring",
        "lifeboat-monitoring-reader",
        "lifeboat-prod",
        "lifeboat-prod-reader",
        "lifeboat-root",
        "lifeboat@copier",
      ],
    },
    writes: 12,
    changes: 4,
  },
];

runKills(open, rows);
