import type { StartCluster } from "../../sandbox/setup/start-state";
import { node, RestoreSite } from "../restore/restore-site";
import { requireSuccess } from "../support/kit";
import { MetricsPage } from "../support/metrics-page";

/** What the exporter says of a cluster of three nodes, whose settings place every guest on the first. */
const [second, third] = ["pve-two", "pve-three"];
let site: RestoreSite;

beforeAll(async () => {
  const guests = [
    { id: 101, name: "web" },
    { id: 102, name: "alone", node: third },
  ];
  site = await RestoreSite.start(guests, {
    further: [second, third],
    adjust: (cluster): StartCluster => ({
      ...cluster,
      storage: cluster.storage.map((entry) => (entry["storage"] === "backup" ? { ...entry, shared: "1" } : entry)),
    }),
  });
  await site.client.post(["cluster", "backup"], {
    id: "lifeboat-prod",
    schedule: "01:00",
    storage: "backup",
    vmid: "101,102",
  });
  await site.backUp(101);
  await site.backUp(102, {}, third);
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

/** @param expected exit code: 3 where something could not be seen */
async function look(expected = 0): Promise<MetricsPage> {
  const { code, stdout, stderr } = await site.lifeboat(["exporter", "--once"]);
  if (code !== expected) throw new Error(`${String(code)}: ${stderr}`);
  return new MetricsPage(stdout);
}

test("a guest that HA or somebody has moved: its backup fails where it is now, and that is told of it [C2, C3]", async () => {
  const well = await look();
  await site.fault("storage-full", { storage: "backup", node: third });
  await expect(site.backUp(102, {}, third)).rejects.toThrow("job errors");
  const page = await look();
  expect(well.value("lifeboat_guest_backup_failed", { guest: "alone" })).toBe(0);
  expect(page.value("lifeboat_guest_backup_failed", { guest: "alone" })).toBe(1);
  expect(page.value("lifeboat_guest_backup_failed", { guest: "web" })).toBe(0);
  expect(page.value("lifeboat_job_last_run_success", { node: third })).toBe(0);
  const { environments } = JSON.parse((await site.lifeboat(["status", "prod", "--json"])).stdout);
  expect(environments[0].guests[1].problems).toContainEqual(
    expect.stringMatching(/^its backup failed in the run of /u),
  );
});

test("a node that is dead: what lies on it is not known, and nothing is missing; the others' runs are heard of [C2]", async () => {
  await site.fault("node-unreachable", { node: third });
  const page = await look(3);
  expect(page.value("lifeboat_environment_up")).toBe(1);
  expect(page.value("lifeboat_job_runs_seen")).toBe(0);
  expect(page.value("lifeboat_look_errors_total", { kind: "incomplete" })).toBe(1);
  expect(page.of("lifeboat_guest_archives_seen").map(([, isSeen]) => isSeen)).toEqual([0, 0]);
  expect(page.of("lifeboat_guest_last_backup_timestamp_seconds")).toEqual([]);
  expect(page.value("lifeboat_guest_backup_failed", { guest: "web" })).toBe(0);
  expect(page.of("lifeboat_guest_backup_failed", { guest: "alone" })).toEqual([]);
});

test("a number that another guest has now: its disks, its kind and its failed backup are told of no guest of the settings [C2, D15]", async () => {
  await site.destroy(101);
  const ostemplate = "local:vztmpl/debian-12-standard_amd64.tar.zst";
  const disks = { rootfs: "local:1", mp0: "local:1,mp=/var/payroll,backup=0" };
  const made = await site.client.post(["nodes", node, "lxc"], { vmid: 101, hostname: "payroll", ostemplate, ...disks });
  requireSuccess(await site.client.tasks.wait(String(made)));
  await site.fault("storage-full", { storage: "backup", node });
  await expect(site.backUp(101)).rejects.toThrow("job errors");
  const page = await look();
  expect(page.of("lifeboat_disk_not_covered", { guest: "web" })).toEqual([]);
  expect(page.of("lifeboat_guest_backup_failed", { guest: "web" })).toEqual([]);
  expect(page.value("lifeboat_guest_info", { guest: "web", type: "" })).toBe(1);
  expect(page.value("lifeboat_guest_backups", { guest: "web" })).toBe(1);
});
