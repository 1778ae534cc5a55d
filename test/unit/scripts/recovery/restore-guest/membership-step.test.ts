import { checkMembership } from "../../../../../scripts/recovery/restore-guest/membership-step";
import type { RestorePlan } from "../../../../../scripts/recovery/steps/guest/plan";
import { type AnsweringNode, startAnsweringNode } from "../../../proxmox/api/answering-node";

/** What the node answers, by path. */
let answers: Record<string, unknown>;
let node: AnsweringNode;

beforeAll(async () => {
  node = await startAnsweringNode(() => answers);
});

afterAll(() => node.stop());

beforeEach(() => {
  answers = {
    "/cluster/backup": [
      { id: "lifeboat-prod", type: "vzdump" },
      { id: "by-hand", type: "vzdump" },
    ],
    "/cluster/backup/lifeboat-prod/included_volumes": included({ rootfs: 1, mp0: 1 }),
    "/cluster/backup/by-hand/included_volumes": included({ rootfs: 1, mp0: 1 }),
    "/cluster/resources": [{ type: "lxc", vmid: 101, node: "pve", status: "running", pool: "web" }],
    "/cluster/ha/resources": [{ sid: "ct:101", state: "started" }],
  };
});

function included(disks: Record<string, 0 | 1>) {
  const children = Object.entries(disks).map(([disk, on]) => ({ id: `101:${disk}`, name: "x", included: on }));
  return { children: [{ id: 101, type: "lxc", children }] };
}

const disks = { rootfs: true, mp0: true };
const plan: RestorePlan = {
  mode: "in-place",
  environment: "prod",
  guest: "web",
  source: { node: "pve", vmid: 101 },
  target: { node: "pve", type: "lxc", vmid: 101 },
  archive: { volid: "backup:backup/x.tar", size: 1, time: 1, protect: false },
  releaseAlso: [],
  request: {},
  asRoot: false,
  start: true,
  checks: [],
  memberships: {
    jobs: [
      { job: "lifeboat-prod", disks, declared: true },
      { job: "by-hand", disks, declared: false },
    ],
    pool: "web",
    poolIsDeclared: false,
    highAvailability: "ct:101",
    highAvailabilityOptions: "--state started --group prefer-pve",
  },
  compare: true,
};

async function findings(): Promise<(readonly [string, string | undefined])[]> {
  const world = {
    client: node.client,
    rootClient: undefined,
    checkSeconds: 0,
    settingsDigest: async () => "",
    probe: async () => undefined,
    readArchive: async () => ({ result: { kind: "whole" } as const, sha256: undefined }),
    comparePulumi: async () => [],
    meant: { mark: { environment: "prod", guest: "web" }, isOwned: true, name: "web", keys: ["web"] },
    declaredIds: async () => ({ owners: new Map(), isForDrills: () => false, unreadable: [] }),
  };
  const context = {
    signal: new AbortController().signal,
    facts: {},
    note: () => undefined,
    factsOf: () => ({}),
    progress: () => undefined,
  };
  const result = await checkMembership(plan, world).run(context);
  return (result?.findings ?? []).map(({ text, mend }) => [text, mend] as const);
}

test("a guest that is in its jobs, pool and high availability again needs nothing [D14]", async () => {
  expect(await findings()).toEqual([]);
});

test("what is missing is named with what mends it: Pulumi for what it declared, else by hand [D14]", async () => {
  answers = {
    ...answers,
    "/cluster/backup/lifeboat-prod/included_volumes": included({ rootfs: 1, mp0: 0 }),
    "/cluster/backup/by-hand/included_volumes": { children: [] },
    "/cluster/resources": [{ type: "lxc", vmid: 101, node: "pve", status: "running" }],
    "/cluster/ha/resources": [{ sid: "ct:102" }],
  };
  expect(await findings()).toEqual([
    ["backup job lifeboat-prod leaves out mp0 of web", 'eval "$(lifeboat env prod)" && pulumi up --refresh -s prod'],
    ["web is not in backup job by-hand", "in Proxmox: Datacenter, Backup, job by-hand: select 101 again"],
    ["web is not in pool web", "pveum pool modify web --vms 101"],
    ["web is not managed by high availability any more", "ha-manager add ct:101 --state started --group prefer-pve"],
  ]);
});

test("jobs that the token may not read are told apart from jobs without the guest [D14]", async () => {
  delete answers["/cluster/backup"];
  expect(await findings()).toEqual([
    ["the token may not read backup jobs: whether the guest is in its job is not known", "lifeboat doctor"],
  ]);
});
