import { readdirSync, rmSync } from "node:fs";
import { z } from "zod";
import { metrics } from "../../../site/monitoring/metrics";
import { AdoptedSite } from "../support/adopted-site";
import { MetricsPage } from "../support/metrics-page";

/** What the exporter says of a site, look by look. */
let site: AdoptedSite;

const node = "pve-prod";
const now = Math.floor(Date.now() / 1_000);
const [web, database, cache] = [101, 102, 103];

const guests = [
  { id: web, name: "web" },
  { id: database, name: "database" },
  { id: cache, name: "cache", settings: ["backup: { exclude: rebuilt, owner: web team, until: 2099-06-30 }"] },
];

beforeAll(async () => {
  site = await AdoptedSite.start([
    { name: "prod", node, profile: "prod", guests },
    { name: "lab", node: "pve-lab", profile: "lab", guests: [{ id: 2_001, name: "test" }] },
  ]);
  site.putArchive("pve-lab", 2_001, now - 7_200, 1_500);
});

afterAll(() => site.stop());

/** Two archives for each guest of prod. */
beforeEach(() => {
  for (const { id } of guests) {
    site.removeArchives(node, id);
    if (id === cache) continue;
    site.putArchive(node, id, now - 7_200, 2_000);
    site.putArchive(node, id, now - 90_000, 1_000);
  }
});

async function look(ends: number = 0): Promise<MetricsPage> {
  const { code, stdout, stderr } = await site.lifeboat(["exporter", "--once"]);
  if (code !== ends) throw new Error(`${String(code)}: ${stderr}`);
  return new MetricsPage(stdout);
}

test("each guest's newest backup that is there, its size, the one before, and their number [C2]", async () => {
  const page = await look();
  const guest = { guest: "web", id: "101" };
  expect(page.value("lifeboat_guest_last_backup_timestamp_seconds", guest)).toBe(now - 7_200);
  expect(page.value("lifeboat_guest_last_backup_size_bytes", guest)).toBe(2_000);
  expect(page.value("lifeboat_guest_previous_backup_size_bytes", guest)).toBe(1_000);
  expect(page.value("lifeboat_guest_backups", guest)).toBe(2);
  expect(page.value("lifeboat_guest_archives_seen", guest)).toBe(1);
  expect(page.value("lifeboat_guest_rpo_seconds", guest)).toBe(26 * 3_600);
  expect(page.of("lifeboat_permission_missing")).toEqual([]);
  expect(page.of("lifeboat_look_errors_total").filter(([, count]) => count !== 0)).toEqual([]);
});

test("every name on the page is in the catalogue, with its help and type [C2]", async () => {
  const page = await look();
  expect(page.names().filter((name) => !Object.hasOwn(metrics, name))).toEqual([]);
  expect(page.text).toContain("\n# TYPE lifeboat_guest_backups gauge\n");
});

test("an archive that somebody deletes by hand is gone with the next look [C2]", async () => {
  const folder = site.nodePath(node, "mnt/backup/dump");
  const [newest] = readdirSync(folder)
    .filter((name) => name.includes(`-${String(web)}-`))
    .sort()
    .reverse();
  rmSync(`${folder}/${newest ?? ""}`);
  const page = await look();
  expect(page.value("lifeboat_guest_last_backup_timestamp_seconds", { guest: "web" })).toBe(now - 90_000);
  expect(page.value("lifeboat_guest_backups", { guest: "web" })).toBe(1);
  expect(page.value("lifeboat_guest_backups", { guest: "database" })).toBe(2);
});

test("a guest without any backup has 0 of them, and no time of one [C2]", async () => {
  site.removeArchives(node, web);
  const page = await look();
  expect(page.value("lifeboat_guest_backups", { guest: "web" })).toBe(0);
  expect(page.value("lifeboat_guest_archives_seen", { guest: "web" })).toBe(1);
  expect(page.of("lifeboat_guest_last_backup_timestamp_seconds", { guest: "web" })).toEqual([]);
});

test("a save point is no backup [C2]", async () => {
  site.putArchive(node, web, now - 600, 2_500, "lifeboat save point 20261120-abc");
  const page = await look();
  expect(page.value("lifeboat_guest_backups", { guest: "web" })).toBe(2);
  expect(page.value("lifeboat_guest_last_backup_timestamp_seconds", { guest: "web" })).toBe(now - 7_200);
});

test("a guest that is left out on purpose tells until when, and nothing of backups [C2]", async () => {
  const page = await look();
  const end = Date.parse("2099-07-01T00:00:00Z") / 1_000 - 1;
  expect(page.value("lifeboat_guest_backup_expected", { guest: "cache" })).toBe(0);
  expect(page.value("lifeboat_guest_opt_out_until_timestamp_seconds", { guest: "cache" })).toBe(end);
  expect(page.of("lifeboat_guest_archives_seen", { guest: "cache" })).toEqual([]);
  expect(page.value("lifeboat_guest_backup_expected", { guest: "web" })).toBe(1);
});

test("a job that is switched off is not enabled, and has no next run [C2]", async () => {
  expect((await look()).value("lifeboat_job_enabled", { environment: "prod" })).toBe(1);
  await site.on(node, (client) => client.put(["cluster", "backup", "lifeboat-prod"], { enabled: 0 }));
  const page = await look();
  await site.on(node, (client) => client.put(["cluster", "backup", "lifeboat-prod"], { enabled: 1 }));
  expect(page.value("lifeboat_job_enabled", { environment: "prod" })).toBe(0);
  expect(page.of("lifeboat_job_next_run_timestamp_seconds", { environment: "prod" })).toEqual([]);
  expect(page.value("lifeboat_job_max_gap_seconds", { environment: "prod" })).toBe(86_400);
  expect(page.value("lifeboat_job_enabled", { environment: "lab" })).toBe(1);
});

test("a node that is down: the environment is not up, tells nothing of its guests, and the others go on [C2]", async () => {
  await site.fault("node-unreachable", { node });
  const page = await look(3);
  await site.clearFaults();
  expect(page.value("lifeboat_environment_up", { environment: "prod" })).toBe(0);
  expect(page.value("lifeboat_look_errors_total", { environment: "prod", kind: "unreachable" })).toBe(1);
  expect(page.of("lifeboat_guest_info", { environment: "prod" })).toEqual([]);
  expect(page.of("lifeboat_look_timestamp_seconds", { environment: "prod" })).toEqual([]);
  expect(page.value("lifeboat_environment_up", { environment: "lab" })).toBe(1);
  expect(page.value("lifeboat_guest_backups", { guest: "test" })).toBe(1);
});

test("a storage that cannot be used makes backups unknown, and not missing [C2]", async () => {
  await site.fault("answer-595", { node, path: "GET /nodes/pve-prod/storage/backup/content$" });
  const page = await look(3);
  await site.clearFaults();
  expect(page.value("lifeboat_guest_archives_seen", { guest: "web" })).toBe(0);
  expect(page.of("lifeboat_guest_backups", { guest: "web" })).toEqual([]);
  expect(page.of("lifeboat_guest_last_backup_timestamp_seconds", { guest: "web" })).toEqual([]);
  expect(page.value("lifeboat_look_errors_total", { environment: "prod", kind: "incomplete" })).toBe(1);
});

test("an archive that is known to be damaged is no good backup while nobody can read what is known of it [C2]", async () => {
  site.putArchive(node, web, now - 3_600, 2_500, "lifeboat verify 2026-11-22T05:00:00Z damaged: a bit");
  const before = await look();
  await site.fault("answer-595", { node, path: "GET /nodes/pve-prod/storage/backup/content/." });
  const page = await look(3);
  await site.clearFaults();
  expect(before.value("lifeboat_guest_verification_failed", { guest: "web" })).toBe(1);
  expect(before.value("lifeboat_guest_last_backup_timestamp_seconds", { guest: "web" })).toBe(now - 7_200);
  expect(page.value("lifeboat_guest_archives_seen", { guest: "web" })).toBe(0);
  expect(page.of("lifeboat_guest_last_backup_timestamp_seconds", { guest: "web" })).toEqual([]);
});

test("a guest that nothing backs up, and one that left the settings [C2]", async () => {
  await site.on(node, (client) => client.put(["cluster", "backup", "lifeboat-prod"], { vmid: "101,103" }));
  const named = await look();
  const settings = site.read("Pulumi.prod.yaml");
  site.write("Pulumi.prod.yaml", settings.replace(/ {4}database:\n {6}adopt: 102\n/u, ""));
  const page = await look();
  site.write("Pulumi.prod.yaml", settings);
  await site.on(node, (client) => client.put(["cluster", "backup", "lifeboat-prod"], { vmid: "101,102,103" }));
  // The settings name it, and no update came to the job.
  for (const one of [named, page]) {
    expect(one.of("lifeboat_guest_not_covered")).toHaveLength(1);
    expect(one.value("lifeboat_guest_not_covered", { guest: "database", id: "102" })).toBe(1);
  }
  expect(page.of("lifeboat_guest_info", { guest: "database" })).toEqual([]);
  expect((await look()).of("lifeboat_guest_not_covered")).toEqual([]);
});

test("a guest that gets another name in the settings has its backups under that, and none under the one before [C2]", async () => {
  const settings = site.read("Pulumi.prod.yaml");
  site.write("Pulumi.prod.yaml", settings.replace(/^ {4}web:$/mu, "    shop:"));
  const page = await look();
  site.write("Pulumi.prod.yaml", settings);
  expect(page.text).not.toContain('guest="web"');
  const guest = { guest: "shop", id: "101" };
  expect(page.value("lifeboat_guest_last_backup_timestamp_seconds", guest)).toBe(now - 7_200);
  expect(page.value("lifeboat_guest_backups", guest)).toBe(2);
});

test("an environment without any guest is looked at as others are, and whoever is on its node is told [C2]", async () => {
  const settings = site.read("Pulumi.prod.yaml");
  site.write(
    "Pulumi.prod.yaml",
    settings.replace(/^ {2}lifeboat:guests:\n(?: {4,}.*\n)*/mu, "  lifeboat:guests: {}\n"),
  );
  await site.on(node, (client) => client.delete(["cluster", "backup", "lifeboat-prod"]));
  const page = await look();
  site.write("Pulumi.prod.yaml", settings);
  await site.on(node, (client) =>
    client.post(["cluster", "backup"], {
      id: "lifeboat-prod",
      schedule: "01:00",
      storage: "backup",
      vmid: "101,102,103",
    }),
  );
  expect(page.value("lifeboat_environment_up", { environment: "prod" })).toBe(1);
  expect(page.of("lifeboat_guest_info", { environment: "prod" })).toEqual([]);
  expect(page.of("lifeboat_guest_not_covered").map(([, value]) => value)).toEqual([1, 1, 1]);
});

test("a guest that is being made is none yet: it has no name, and nobody could put it into a job [C2]", async () => {
  await site.fault("task-waits", { type: "vzcreate", at: "extracting" });
  const upid = await site.on(node, (client) =>
    client.post(["nodes", node, "lxc"], {
      vmid: 199,
      hostname: "stray",
      ostemplate: "local:vztmpl/debian-12-standard_amd64.tar.zst",
      rootfs: "local:1",
    }),
  );
  const meanwhile = await look();
  await site.clearFaults();
  await site.on(node, (client) => client.tasks.wait(String(upid)));
  const made = await look();
  await site.on(node, async (client) => {
    await client.tasks.wait(await client.guests.destroy({ node, type: "lxc", vmid: 199 }));
  });
  expect(meanwhile.of("lifeboat_guest_not_covered")).toEqual([]);
  expect(made.value("lifeboat_guest_not_covered", { guest: "stray", id: "199" })).toBe(1);
});

test("settings that are wrong are an error of their environment alone [C2]", async () => {
  const settings = site.read("Pulumi.prod.yaml");
  site.write("Pulumi.prod.yaml", `${settings}  lifeboat:nonsense: 1\n`);
  const page = await look(3);
  site.write("Pulumi.prod.yaml", settings);
  expect(page.value("lifeboat_look_errors_total", { environment: "prod", kind: "settings" })).toBe(1);
  expect(page.value("lifeboat_environment_up", { environment: "prod" })).toBe(0);
  expect(page.value("lifeboat_environment_up", { environment: "lab" })).toBe(1);
});

test("for scripts the page comes as JSON, with the environments that were not seen [C2]", async () => {
  await site.fault("node-unreachable", { node });
  const { code, stdout } = await site.lifeboat(["exporter", "--once", "--json"]);
  await site.clearFaults();
  const shape = z.looseObject({ page: z.string(), missed: z.array(z.string()) });
  const { page, missed } = shape.parse(JSON.parse(stdout));
  expect([code, missed]).toEqual([3, ["prod"]]);
  expect(new MetricsPage(page).value("lifeboat_environment_up", { environment: "lab" })).toBe(1);
});

test("what a look could not see is named, and is no success [C2, K4]", async () => {
  await site.fault("answer-595", { node, path: "GET /nodes/pve-prod/storage/backup/content$" });
  const { code, stdout, stderr } = await site.lifeboat(["exporter", "--once", "--json"]);
  await site.clearFaults();
  const { missed, incomplete } = z
    .looseObject({ missed: z.array(z.string()), incomplete: z.array(z.string()) })
    .parse(JSON.parse(stdout));
  expect([code, missed, incomplete]).toEqual([3, [], [expect.stringMatching(/^prod: storage backup on pve-prod/u)]]);
  expect(stderr).toMatch(/Not seen: prod: storage backup on pve-prod/u);
});

test.each([
  ["--listen", "9941", "'9941' is no address with a port, such as 127.0.0.1:9941"],
  ["--interval", "5", "'5' is no time from 1s to 1d, such as 5m"],
])("%s %s is a mistake on the command line", async (flag, value, message) => {
  const { code, stderr } = await site.lifeboat(["exporter", flag, value]);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
