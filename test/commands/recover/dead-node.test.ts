import * as z from "zod";
import type { StartCluster } from "../../sandbox/setup/start-state";
import { timeSchema } from "../../sandbox/server/control";
import { requireSuccess } from "../../../proxmox/api/tasks";
import { node } from "../restore/restore-site";
import { asksFor, inRestore } from "../support/held-tasks";
import { RecoverSite } from "./recover-site";
import { unrecorded } from "./unrecorded";

/** One of three nodes dies. `web` has its disks on that node's own storage, `db` on one that all nodes share. */
const [second, third] = ["pve-two", "pve-three"];
let lost: RecoverSite;

const shared: Readonly<Record<string, Record<string, string>>> = {
  backup: { shared: "1" },
  data: { shared: "1", path: "/mnt/common" },
};

/** Both disks of db are on the shared storage; web's second one is on its node's own. */
function furnish(cluster: StartCluster): StartCluster {
  const storage = cluster.storage.map((entry) => ({ ...entry, ...shared[entry["storage"] ?? ""] }));
  const guests = cluster.guests.map((guest) => {
    const from = guest.vmid === 101 ? "data:101/vm-101-disk-0.raw" : "local:102/vm-102-disk-0.raw";
    const to = guest.vmid === 101 ? "local:101/vm-101-disk-1.raw" : "data:102/vm-102-disk-1.raw";
    const folder = guest.vmid === 101 ? "/var/lib/vz" : "/mnt/common";
    const volumes = guest.volumes.map((volume) => {
      if (volume.volid === from) return { ...volume, volid: to, path: `${folder}/images/${to.split(":")[1] ?? ""}` };
      return { ...volume, path: volume.path.replace("/mnt/data", "/mnt/common") };
    });
    return { ...guest, config: guest.config.replace(from, to), volumes };
  });
  return { ...cluster, storage, guests };
}

beforeEach(async () => {
  lost = await RecoverSite.start(
    [
      { id: 101, name: "web", node: second },
      { id: 102, name: "db", node: second },
      { id: 103, name: "mail" },
    ],
    { further: [second, third], adjust: (cluster) => furnish(cluster) },
  );
  const settings = lost.site.read("Pulumi.prod.yaml");
  const there = settings
    .replace(/^( *)("?(?:web|db)"?):\n/gmu, `$1$2:\n$1  node: ${second}\n`)
    .replace(/(id: 101[\s\S]*?)storage: data/u, "$1storage: local")
    .replace(/(id: 102[\s\S]*?root: \{ storage: )local/u, "$1data");
  lost.site.write("Pulumi.prod.yaml", there);
});

afterEach(() => lost.stop());

const kill = (): Promise<unknown> => lost.site.fault("node-unreachable", { node: second });

const conf = (place: string, vmid: number): string => `/etc/pve/nodes/${place}/lxc/${String(vmid)}.conf`;

const look = z.looseObject({
  name: z.string(),
  way: z.string(),
  node: z.string(),
  why: z.string().optional(),
  mend: z.string().optional(),
});

async function planned() {
  const { stdout, stderr } = await lost.recover(["--dry-run", "--json"]);
  const found = z
    .object({
      plan: z.object({
        environments: z.array(z.object({ guests: z.array(look) }).loose()),
        steps: z.array(z.object({ id: z.string() }).loose()),
      }),
    })
    .safeParse(JSON.parse(stdout));
  if (!found.success) throw new Error(stdout + stderr);
  const { environments, steps } = found.data.plan;
  const guests = environments.flatMap((environment) => environment.guests);
  return { guests: Object.fromEntries(guests.map((one) => [one.name, one])), steps: steps.map(({ id }) => id) };
}

const report = z.looseObject({
  environments: z.array(
    z.looseObject({ up: z.string(), guests: z.array(z.looseObject({ guest: z.string(), result: z.string() })) }),
  ),
  findings: z.array(z.looseObject({ severity: z.string(), text: z.string(), mend: z.string().optional() })),
});

async function recovered() {
  const { stdout, stderr, code } = await lost.recover(["--force", "--json"]);
  const found = report.safeParse(JSON.parse(stdout));
  if (!found.success) throw new Error(stdout + stderr);
  const { environments, findings } = found.data;
  const results = environments.flatMap(({ guests }) => guests.map(({ guest, result }) => [guest, result]));
  return { code, results: Object.fromEntries(results), ups: environments.map(({ up }) => up), findings };
}

/** So many seconds later, by the site's clock: no job becomes due meanwhile. */
async function later(seconds: number): Promise<void> {
  const { time } = timeSchema.parse(await lost.site.control({ command: "time" }));
  await lost.site.control({ command: "clock", offset: Math.round(time - Date.now() / 1000) + seconds });
}

/** Until the recovery has begun to wait for HA, or has ended without. */
async function waiting(running: Promise<unknown>): Promise<void> {
  const begun = /"steps": *\{[\s\S]*"ha": *\{/u;
  const run = { hasEnded: false };
  const end = (): void => {
    run.hasEnded = true;
  };
  running.then(end, end);
  while (!run.hasEnded && !lost.site.journals().some((text) => begun.test(text))) {
    await new Promise((tick) => setTimeout(tick, 20));
  }
}

/** The dead node comes back while a restore is half-way. */
async function backInRestore(running: Promise<unknown>): Promise<void> {
  const run = { hasEnded: false };
  const end = (): void => {
    run.hasEnded = true;
  };
  running.then(end, end);
  while (!run.hasEnded && !lost.site.requests().some(asksFor("vzrestore"))) {
    await new Promise((tick) => setTimeout(tick, 20));
  }
  await lost.site.clearFaults();
}

async function places() {
  const guests = await lost.site.client.cluster.guests();
  return Object.fromEntries(guests.map((guest) => [guest.vmid, [guest.node, guest.status]]));
}

test("guests of a dead node are not taken for there: what somebody does first is said of each, and nothing is sent [H5, H1, D16]", async () => {
  await kill();
  const requests = lost.site.requests().length;
  const { code, stderr } = await lost.recover(["--force"]);
  expect(code).toBe(14);
  expect(stderr).toMatch(/prod\/web: pve-two, which is offline, has it, its disks are with that node/u);
  expect(stderr).toMatch(
    /mv \/etc\/pve\/nodes\/pve-two\/lxc\/101\.conf \/root\/, as root on pve-prod; then the same command restores it/u,
  );
  expect(stderr).toMatch(
    /prod\/db: pve-two, which is offline, has it, and it goes on with its own disks, which are newer than any backup/u,
  );
  expect(stderr).toMatch(
    /mv \/etc\/pve\/nodes\/pve-two\/lxc\/102\.conf \/etc\/pve\/nodes\/pve-prod\/lxc\/ on pve-prod, then pct start 102/u,
  );
  const sent = lost.site.requests().slice(requests);
  expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
});

test("after the lines that it prints: the one on shared storage runs with its disks, the other comes back on a living node, no stack asks the dead one [H5, H1]", async () => {
  await kill();
  await lost.site.control({ command: "move", node, from: conf(second, 102), to: conf(third, 102) });
  await lost.site.control({ command: "move", node, from: conf(second, 101), to: "/root/" });
  const root = lost.site.rootClient();
  await root.post(["nodes", third, "lxc", "102", "status", "start"], {});
  await root.close();
  const plan = await planned();
  expect(plan.guests).toMatchObject({
    web: { way: "archive", declaredNode: second },
    db: { way: "there", node: third, declaredNode: second },
    mail: { way: "there", node },
  });
  expect(plan.steps).toEqual(["guests", "check"]);
  const place = plan.guests["web"]?.node;
  const { code, results, ups, findings } = await recovered();
  expect(results).toEqual({ "prod/web": "back", "prod/db": "there", "prod/mail": "there" });
  expect(await places()).toEqual({ 101: [place, "running"], 102: [third, "running"], 103: [node, "running"] });
  expect(findings).toContainEqual({
    severity: "todo",
    text: expect.stringMatching(/^prod is not brought up: its settings have web, db on a node that was dead/u),
    mend: `set 'node: ${place ?? ""} for web', 'node: ${third} for db' in Pulumi.prod.yaml, then: lifeboat up prod`,
  });
  // An update whose settings still name the dead node would take web for gone.
  expect(findings).toContainEqual({
    severity: "problem",
    text: `prod: web: it is on ${place ?? ""}, the settings say ${second}`,
    mend: `set 'node: ${place ?? ""}' for web in Pulumi.prod.yaml, then: lifeboat up prod; or move it back to ${second}`,
  });
  expect([code, ups]).toEqual([3, ["left out"]]);
});

test("HA's own work is waited for: its guest comes back with its disks, and is not restored, also by a run after one that was cut off [H5, H1, K4]", async () => {
  const root = lost.site.rootClient();
  await root.post(["cluster", "ha", "resources"], { sid: "ct:102" });
  await root.close();
  await kill();
  await lost.run(["status"]);
  await later(70);
  const plan = await planned();
  expect(plan.guests).toMatchObject({ db: { way: "ha", why: expect.stringContaining("its state is fence") } });
  expect(plan.steps).toEqual(["ha", "check"]);
  const { stdout } = await lost.recover(["--dry-run"]);
  expect(stdout).toMatch(/BY HAND: prod\/web: pve-two, which is offline[\s\S]*db +102 +by HA, which is waited for/u);
  // Cut off when HA has ended its work, and that is not recorded yet: the next run tells of it all the same.
  const running = lost.recover(["--force"], unrecorded("ha"));
  await waiting(running);
  await later(130);
  expect(await running).toMatchObject({ code: null });
  const { results } = await recovered();
  expect(results).toMatchObject({ "prod/db": "back", "prod/web": "by hand" });
  expect(await places()).toMatchObject({ 102: [node, "running"], 101: [second, "unknown"] });
});

test("HA gives up while it is waited for: told with the way out, and nothing is restored in its place [H5, H1]", async () => {
  const root = lost.site.rootClient();
  await root.post(["cluster", "ha", "resources"], { sid: "ct:101" });
  await root.close();
  await kill();
  await lost.run(["status"]);
  const running = recovered();
  await waiting(running);
  await later(130);
  const { results, findings } = await running;
  expect(results).toMatchObject({ "prod/web": "lost" });
  expect(findings).toContainEqual({
    severity: "problem",
    text: expect.stringMatching(/^prod\/web: HA has given web \(101\) up \(error\)/u),
    mend: expect.stringContaining("ha-manager set ct:101 --state disabled"),
  });
  expect((await lost.recover(["--dry-run"])).stderr).toContain("prod/web: HA has given web (101) up (error)");
});

test("whether the disks outlive their node cannot be seen: no backup is taken instead [H5, K3, D16]", async () => {
  await kill();
  await lost.site.fault("answer-596", { path: "^GET .*/storage/data/content" });
  expect(await lost.recover(["--dry-run"])).toMatchObject({
    code: 14,
    stderr: expect.stringMatching(
      /whether its disks outlive that cannot be seen: storage data: [\s\S]*newer disks are not given up/u,
    ),
  });
});

test("the node is back before the recovery: its disks may be newer, its guest may run, and no backup is put beside them [H5, D16]", async () => {
  await kill();
  await lost.site.control({ command: "move", node, from: conf(second, 101), to: "/root/" });
  await lost.site.clearFaults();
  const { code, stderr } = await lost.recover(["--force"]);
  expect([code, stderr]).toEqual([
    14,
    expect.stringMatching(
      /prod\/web: pve-two is there, and has disks of web \(101\): local:101[^.]*\.raw, local:101[\s\S]*it would be started twice/u,
    ),
  ]);
  await lost.site.control({ command: "move", node, from: "/root/101.conf", to: conf(second, 101) });
  expect((await lost.recover(["--dry-run"])).stdout).toMatch(/^Nothing is lost/u);
});

test("the node is back, and whether it has disks of a guest cannot be seen: that is not none, and no backup is put beside them [H5, K3, D16]", async () => {
  await lost.site.control({ command: "move", node, from: conf(second, 101), to: "/root/" });
  await lost.site.fault("answer-596", { path: "^GET .*/nodes/pve-two/storage/local/content" });
  const { code, stderr } = await lost.recover(["--force"]);
  expect([code, stderr]).toEqual([
    14,
    expect.stringMatching(
      /prod\/web: whether pve-two, which is there, has disks of web .* cannot be seen: storage local/u,
    ),
  ]);
});

test("the node comes back while its guest is being restored elsewhere: that one is not started beside what may run there still, and is once its old disks are gone [H5, D16, K4]", async () => {
  await kill();
  await lost.site.control({ command: "move", node, from: conf(second, 101), to: "/root/" });
  await lost.site.fault("task-waits", inRestore);
  const running = lost.recover(["--force"]);
  await backInRestore(running);
  const { code, stdout } = await running;
  expect(stdout).toMatch(
    /prod\/web did not come back: pve-two has come back meanwhile, and has disks of web \(101\): local:101[\s\S]*not started; restart pve-two, then resume this/u,
  );
  const [place] = (await places())["101"] ?? [];
  expect([code, (await places())["101"]]).toEqual([3, [place, "stopped"]]);
  expect(place).not.toBe(second);
  const again = await lost.recover(["--force"]);
  expect([again.code, (await places())["101"]]).toEqual([3, [place, "stopped"]]);
  const root = lost.site.rootClient();
  for (const disk of ["local:101/vm-101-disk-0.raw", "local:101/vm-101-disk-1.raw"]) {
    await root.delete(["nodes", second, "storage", "local", "content", disk]);
  }
  await root.close();
  expect((await lost.recover(["--force"])).stdout).toMatch(/prod\/web +back\b/u);
  expect((await places())["101"]).toEqual([place, "running"]);
});

test("the node comes back while others are restored: nobody is told to move guests that run there again, and the same command ends it [H5, H1, K3]", async () => {
  const { client } = lost.site;
  const mail = { node, vmid: 103, type: "lxc" } as const;
  requireSuccess(await client.tasks.wait(await client.guests.stop(mail)));
  requireSuccess(await client.tasks.wait(await client.guests.destroy(mail)));
  await kill();
  await lost.site.fault("task-waits", inRestore);
  const running = recovered();
  await backInRestore(running);
  const { code, results, findings } = await running;
  expect([code, results]).toEqual([3, { "prod/web": "by hand", "prod/db": "by hand", "prod/mail": "back" }]);
  expect(findings).toContainEqual({
    severity: "problem",
    text: "prod/web is on pve-two, which answers by now: it was left as it is, and nothing is to be moved by hand",
    mend: "lifeboat recover --only prod, which looks again",
  });
  expect(JSON.stringify(findings)).not.toMatch(/mv \/etc|NODE/u);
  expect(await places()).toMatchObject({ 101: [second, "running"], 102: [second, "running"] });
  expect((await lost.recover(["--force"])).stdout).toMatch(/^The site is back/u);
});

test("without quorum nothing is planned: the reason is said [H5, K6]", async () => {
  await kill();
  await lost.site.fault("node-unreachable", { node: third });
  expect(await lost.recover(["--force"])).toMatchObject({
    code: 14,
    stderr: expect.stringMatching(/prod: the cluster site has no quorum: 1 of 3 nodes answer/u),
  });
});
