import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { exporterGrants } from "../../../proxmox/rules/exporter-privileges";
import { AdoptedSite } from "../support/adopted-site";
import { MetricsPage } from "../support/metrics-page";

/** The exporter with the token that the stack gives it, and with one privilege less. */
let site: AdoptedSite;
let root: ProxmoxClient;

const node = "pve-prod";
const user = "exporter@pve";
const now = Math.floor(Date.now() / 1_000);
const grants = exporterGrants({ backupStorages: ["backup"] });

beforeAll(async () => {
  const guests = [
    { id: 101, name: "web" },
    { id: 102, name: "database" },
  ];
  site = await AdoptedSite.start([{ name: "prod", node, profile: "prod", guests }]);
  for (const { id } of guests) site.putArchive(node, id, now - 7_200, 2_000);
  root = site.rootClient();
  await root.post(["access", "users"], { userid: user });
  const made = await root.post(["access", "users", user, "token", "look"], { privsep: 0 });
  const { value, "full-tokenid": id } = z.looseObject({ value: z.string(), "full-tokenid": z.string() }).parse(made);
  mkdirSync(credentials());
  writeFileSync(join(credentials(), "prod.token"), `${id}=${value}\n`);
  for (const { role, privileges } of grants) {
    await root.post(["access", "roles"], { roleid: role, privs: privileges.join(",") });
  }
  for (const { role, path, propagate } of grants) {
    await root.put(["access", "acl"], { path, roles: role, propagate, users: user });
  }
});

afterAll(async () => {
  await root.close();
  await site.stop();
});

function credentials(): string {
  return join(site.folder, "credentials");
}

async function look(): Promise<MetricsPage> {
  return new MetricsPage((await site.lifeboat(["exporter", "--once", "--credentials", credentials()])).stdout);
}

/** Without one privilege of a role. */
async function lookWithout(role: string, privilege: string): Promise<MetricsPage> {
  const { privileges = [] } = grants.find((grant) => grant.role === role) ?? {};
  await root.put(["access", "roles", role], { privs: privileges.filter((name) => name !== privilege).join(",") });
  const page = await look();
  await root.put(["access", "roles", role], { privs: privileges.join(",") });
  return page;
}

test("its privileges suffice: nothing is missing, and no look fails [C2]", async () => {
  const page = await look();
  expect(page.of("lifeboat_permission_missing")).toEqual([]);
  expect(page.of("lifeboat_look_errors_total").filter(([, count]) => count !== 0)).toEqual([]);
  expect(page.value("lifeboat_guest_backups", { guest: "web" })).toBe(1);
  expect(page.value("lifeboat_guest_archives_seen", { guest: "database" })).toBe(1);
  expect(page.value("lifeboat_storage_size_bytes", { storage: "backup" })).toBeGreaterThan(0);
});

test("without VM.Backup the privilege is missing, and no backup [C2]", async () => {
  const page = await lookWithout("LifeboatExporterGuests", "VM.Backup");
  expect(page.of("lifeboat_permission_missing")).toEqual([
    ['lifeboat_permission_missing{environment="prod",path="/vms",privilege="VM.Backup"}', 1],
  ]);
  expect(page.value("lifeboat_guest_archives_seen", { guest: "web" })).toBe(0);
  expect(page.of("lifeboat_guest_backups")).toEqual([]);
  expect(page.of("lifeboat_guest_last_backup_timestamp_seconds")).toEqual([]);
  expect(page.value("lifeboat_environment_up")).toBe(1);
});

test("without Datastore.AllocateSpace as well, at the storage [C2]", async () => {
  const page = await lookWithout("LifeboatExporterStorages", "Datastore.AllocateSpace");
  const lacking = { path: "/storage/backup", privilege: "Datastore.AllocateSpace" };
  expect(page.value("lifeboat_permission_missing", lacking)).toBe(1);
  expect(page.of("lifeboat_permission_missing")).toHaveLength(1);
  expect(page.value("lifeboat_guest_archives_seen", { guest: "web" })).toBe(0);
  expect(page.of("lifeboat_guest_backups")).toEqual([]);
});

test("without VM.Audit a guest that is not seen is not half restored, and has no backup that is missing [C2]", async () => {
  const page = await lookWithout("LifeboatExporterGuests", "VM.Audit");
  expect(page.value("lifeboat_permission_missing", { path: "/vms", privilege: "VM.Audit" })).toBe(1);
  expect(page.of("lifeboat_unfinished_operation_timestamp_seconds")).toEqual([]);
  expect(page.of("lifeboat_guest_backups").filter(([, count]) => count === 0)).toEqual([]);
});

test("without Sys.Audit the look is not allowed, and the node is not down [C2]", async () => {
  const page = await lookWithout("LifeboatExporterSite", "Sys.Audit");
  expect(page.value("lifeboat_permission_missing", { path: "/", privilege: "Sys.Audit" })).toBe(1);
  expect(page.value("lifeboat_look_errors_total", { kind: "forbidden" })).toBe(1);
  expect(page.value("lifeboat_environment_up")).toBe(1);
  expect(page.of("lifeboat_look_timestamp_seconds")).toEqual([]);
});

test("a privilege that one guest alone forbids is missing there [C2]", async () => {
  await root.put(["access", "acl"], { path: "/vms/102", roles: "NoAccess", users: user });
  const page = await look();
  await root.put(["access", "acl"], { path: "/vms/102", roles: "NoAccess", users: user, delete: 1 });
  expect(page.of("lifeboat_permission_missing").map(([series]) => series)).toEqual([
    'lifeboat_permission_missing{environment="prod",path="/vms/102",privilege="VM.Audit"}',
    'lifeboat_permission_missing{environment="prod",path="/vms/102",privilege="VM.Backup"}',
  ]);
  expect(page.value("lifeboat_guest_backups", { guest: "web" })).toBe(1);
  expect(page.value("lifeboat_guest_archives_seen", { guest: "database" })).toBe(0);
});
