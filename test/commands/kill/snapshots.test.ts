import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { AdoptedSite } from "../support/adopted-site";
import type { KillRow, Stage } from "./kill-row";
import { runKills } from "./run-kills";

/** A container with a snapshot `first`, on a storage that goes back to it at any time. */
interface SnapshotStage extends Stage {
  readonly site: AdoptedSite;
  readonly id: number;
  /** A file of its disk, of which `first` holds "one". */
  readonly file: string;
}

const node = "pve-prod";
const guests = ["web", "db", "mail"].map((name, index) => ({ id: 101 + index, name, disk: "lvmthin" }) as const);

async function open() {
  const site = await AdoptedSite.start([{ name: "prod", node, profile: "prod", guests }]);
  const stages: SnapshotStage[] = [];
  for (const { id, name, disk } of guests) {
    const env = site.otherMachine();
    const file = site.guestFile(node, id, disk, "etc/state");
    writeFileSync(file, "one");
    stages.push({
      site,
      id,
      name,
      file,
      stateFolder: site.stateFolder("prod", env),
      lifeboat: (argv, options) => site.lifeboat(argv, { ...options, env: { ...env, ...options?.env } }),
    });
    await take({ site, id }, "first");
  }
  return { stages, close: () => site.stop() };
}

type Place = Pick<SnapshotStage, "site" | "id">;

function take({ site, id }: Place, name: string): Promise<unknown> {
  const guest = { node, type: "lxc", vmid: id } as const;
  return site.on(node, async (client) => client.tasks.wait(await client.guests.takeSnapshot(guest, name, "")));
}

async function names({ site, id }: Place): Promise<string[]> {
  const snapshots = await site.on(node, (client) => client.guests.snapshots({ node, type: "lxc", vmid: id }));
  return snapshots.map(({ name }) => name);
}

/** The disk was written to since `first`, and there are these snapshots and no others. */
async function prepared(stage: SnapshotStage, wanted: readonly string[]): Promise<() => Promise<unknown>> {
  const { site, id, file } = stage;
  const guest = { node, type: "lxc", vmid: id } as const;
  const there = await names(stage);
  await site.on(node, async (client) => {
    for (const name of there.filter((one) => !wanted.includes(one))) {
      await client.tasks.wait(await client.guests.removeSnapshot(guest, name));
    }
  });
  for (const name of wanted.filter((one) => !there.includes(one))) await take(stage, name);
  writeFileSync(file, "present");
  return watch(stage);
}

/** Looks at what has become of the guest since now. */
function watch(stage: SnapshotStage): () => Promise<unknown> {
  const { site, id, file } = stage;
  const before = site.requests(node).length;
  return async () => {
    const asked = site
      .requests(node)
      .slice(before)
      .filter(({ method, path }) => method !== "GET" && path.includes(`/lxc/${String(id)}/`))
      .map(({ method, path }) => `${method} ${path.replace(/^.*\/lxc\/\d+\//u, "").replace(/\d{8}-\d{6}/u, "TIME")}`);
    const { status } = await site.on(node, (client) => client.guests.guestStatus({ node, type: "lxc", vmid: id }));
    return {
      text: existsSync(file) ? readFileSync(file, "utf8") : "",
      running: status === "running",
      snapshots: (await names(stage)).map((name) => name.replace(/\d{8}-\d{6}/u, "TIME")).sort(),
      asked: asked.sort(),
    };
  };
}

const rows: KillRow<SnapshotStage>[] = [
  {
    operation: "snapshot",
    ids: "D12, K4",
    argv: ({ name }) => ["backup", "snapshot", name, "--name", "killed"],
    prepare: (stage) => prepared(stage, ["first"]),
    wanted: { text: "present", running: true, snapshots: ["first", "killed"], asked: ["POST snapshot"] },
    writes: 5,
    changes: 1,
  },
  {
    operation: "removal of a snapshot",
    ids: "D12, K4",
    argv: ({ name }) => ["backup", "snapshot", name, "--remove", "killed", "--force"],
    prepare: (stage) => prepared(stage, ["first", "killed"]),
    wanted: { text: "present", running: true, snapshots: ["first"], asked: ["DELETE snapshot/killed"] },
    writes: 5,
    changes: 1,
  },
  {
    operation: "rollback",
    ids: "D12, K4",
    argv: ({ name }) => ["restore", "snapshot", name, "first", "--force", "--stop"],
    prepare: (stage) => prepared(stage, ["first"]),
    // Stop, the way back, the rollback, start: each once, wherever it was killed.
    wanted: { text: "one", running: true, snapshots: ["before-TIME", "first"] },
    writes: 15,
    changes: 4,
  },
];

runKills(open, rows);
