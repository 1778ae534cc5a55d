import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { RestoreSite, node } from "./restore-site";
import { afterSavePoint, inSavePoint } from "../support/held-tasks";
import type { RunResult } from "../support/run-bundle";

let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "none" },
    { id: 104, name: "locked", stopped: true },
    { id: 105, name: "kept", lines: ["protection: 1"] },
    { id: 106, name: "bound", lines: ["mp5: /mnt/shared,mp=/shared"] },
  ]);
  for (const vmid of [101, 104, 105, 106]) await site.backUp(vmid);
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

const inPlace = (guest: string) => ["restore", "guest", guest, "--force", "--stop", "--accept-loss"];

/** Runs a command that must be refused, and proves that nothing was changed and nothing was asked for. */
async function refused(vmid: number, argv: readonly string[], env: Record<string, string> = {}): Promise<RunResult> {
  const before = await site.picture(vmid);
  const requests = site.requests().length;
  const result = await site.lifeboat(argv, { env });
  const changing = site
    .requests()
    .slice(requests)
    .filter(({ method }) => method !== "GET");
  expect(changing).toEqual([]);
  expect(await site.picture(vmid)).toEqual(before);
  expect(result.stdout).toBe("");
  return result;
}

function told(result: RunResult): [number | null, string] {
  const at = result.stderr.indexOf("Unable to");
  return [result.code, at < 0 ? result.stderr : result.stderr.slice(at)];
}

test("no archive: 10 [D3, 004 US1.4]", async () => {
  expect(told(await refused(102, inPlace("none")))).toEqual([
    10,
    expect.stringContaining("Unable to restore guest none: there is no archive of guest 102 (searched: "),
  ]);
});

test("no permission to see archives: 14, and not 'no archive' [D3]", async () => {
  const limited = await limitedToken();
  expect(told(await refused(101, inPlace("web"), { LIFEBOAT_PROXMOX_TOKEN: limited }))).toEqual([
    14,
    expect.stringMatching(/the token may not see archives of guest 101: it lacks .*VM\.Backup on \/vms\/101/u),
  ]);
});

test("a wrong token: 14 [K1, K2]", async () => {
  const wrong = `lifeboat@pve!lifeboat=${"00000000-0000-4000-8000-000000000000"}`;
  expect(told(await refused(101, inPlace("web"), { LIFEBOAT_PROXMOX_TOKEN: wrong }))).toEqual([
    14,
    expect.stringMatching(/did not accept the credential[\s\S]*HINT: check the API token/u),
  ]);
});

test("a node that cannot be reached: 14, with its address and what to check [K3, 004 CL1, 004 EF-001]", async () => {
  const env = { LIFEBOAT_PROJECT: projectWith((text) => text.replace("127.0.0.1:", "127.0.0.77:")) };
  expect(told(await refused(101, inPlace("web"), env))).toEqual([
    14,
    expect.stringMatching(
      /https:\/\/127\.0\.0\.77:\d+ cannot be reached[\s\S]*HINT: check that the node is up.*port \d+ is open/u,
    ),
  ]);
});

test("a certificate that is not trusted: 14 [K1]", async () => {
  const env = { LIFEBOAT_PROJECT: projectWith((text) => text.replace(", ca: site-ca.pem", "")) };
  expect(told(await refused(101, inPlace("web"), env))).toEqual([
    14,
    expect.stringMatching(/the certificate of https:\/\/127\.0\.0\.1:\d+ is not trusted[\s\S]*HINT: compare/u),
  ]);
});

test("a running guest without --stop: 13, also when the plan is confirmed [D8, K1, 004 CL3]", async () => {
  expect(told(await refused(101, ["restore", "guest", "web", "--force", "--accept-loss"]))).toEqual([
    13,
    expect.stringMatching(
      /web is running and must be stopped \(or restore beside it: --target-id 100\)[\s\S]*HINT: add --stop/u,
    ),
  ]);
});

test("a plan that nobody confirms: 2, with the flag's name [K1, 000 CA11.4, 004 US1.5, 004 EF-002]", async () => {
  expect(told(await refused(104, ["restore", "guest", "locked"]))).toEqual([
    2,
    expect.stringMatching(/nobody is there to confirm the plan; nothing was changed[\s\S]*HINT: add --force/u),
  ]);
});

test("a guest that its node has locked: 13, with the reason [D8]", async () => {
  const { digest: _digest, ...keys } = await site.client.guests.guestConfig({ node, type: "lxc", vmid: 104 });
  const path = `/etc/pve/nodes/${node}/lxc/104.conf`;
  await site.control({ command: "write", path, content: content({ ...keys, lock: "rollback" }) });
  expect(told(await refused(104, inPlace("locked")))).toEqual([
    13,
    expect.stringMatching(
      /is locked on its node \(rollback\); no task of it is at work, the last one was 'vzdump' by lifeboat@pve[\s\S]*HINT: if that is over.*pct unlock 104; or restore beside it: lifeboat restore guest prod\/locked --target-id 100/u,
    ),
  ]);
  await site.control({ command: "write", path, content: content(keys) });
});

test("a guest on which the node is at work: 11, with the task, its owner and since when [D8, K1]", async () => {
  await site.fault("task-waits", inSavePoint);
  const run = await site.client.backups.vzdump(node, 104, { storage: "backup", compress: "zstd" });
  expect(told(await site.lifeboat(inPlace("locked")))).toEqual([
    11,
    expect.stringMatching(/a task 'vzdump' of lifeboat@pve.* is at work on locked since \d{4}-.* \(UPID:pve-prod:/u),
  ]);
  await site.clearFaults();
  await site.client.tasks.wait(run);
});

test("a protected guest: 13 [D8]", async () => {
  expect(told(await refused(105, inPlace("kept")))).toEqual([
    13,
    expect.stringMatching(
      /protected against this by Proxmox[\s\S]*pct set 105 --protection 0\); or restore beside it: lifeboat restore guest prod\/kept --target-id 100/u,
    ),
  ]);
});

test("an archive with a folder of the node: 13, names the credential [D7, K1]", async () => {
  expect(told(await refused(106, inPlace("bound")))).toEqual([
    13,
    expect.stringMatching(
      /mp5 \(\/mnt\/shared at \/shared\)[\s\S]*LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE[\s\S]*lifeboat:proxmoxRootPassword/u,
    ),
  ]);
});

test("a storage that is not there, or takes no containers: 2 [D5, K1]", async () => {
  expect(told(await refused(101, [...inPlace("web"), "--storage", "nope"]))).toEqual([
    2,
    expect.stringContaining("storage nope is not there"),
  ]);
  expect(told(await refused(101, [...inPlace("web"), "--storage", "backup"]))).toEqual([
    2,
    expect.stringContaining("storage backup does not take containers"),
  ]);
});

test("another node than the only one: 2 [D5]", async () => {
  expect(told(await refused(101, [...inPlace("web"), "--node", "pve-two"]))).toEqual([
    2,
    expect.stringContaining("pve-prod is a node of its own: there is no pve-two in its cluster"),
  ]);
});

test("mistakes on the command line: 2 [K2, 004 CS-006]", async () => {
  const asked = site.requests().length;
  const words = await site.lifeboat([...inPlace("web"), "--at", "yesterday"]);
  expect([words.code, words.stderr]).toEqual([2, expect.stringContaining("--at: 'yesterday' is not a time: expected")]);
  expect(site.requests()).toHaveLength(asked);
  expect((await refused(101, [...inPlace("web"), "--at", "2026-11-20", "--archive", "x"])).code).toBe(2);
  expect((await refused(101, [...inPlace("web"), "--target-id", "101"])).code).toBe(2);
  expect((await refused(101, inPlace("nobody"))).code).toBe(2);
});

test("another run on this machine: 11; the lock of a dead one does not count [K1, K4]", async () => {
  await site.lifeboat(["restore", "guest", "web"]);
  const lock = join(site.stateFolder(), "101.lock");
  writeFileSync(lock, JSON.stringify({ pid: process.pid, command: "lifeboat undo web" }));
  expect(told(await refused(101, inPlace("web")))).toEqual([
    11,
    expect.stringContaining(`process ${process.pid} is at work on it`),
  ]);
  writeFileSync(lock, JSON.stringify({ pid: 4_194_304, command: "lifeboat undo web" }));
  expect((await refused(101, ["restore", "guest", "web", "--force"])).code).toBe(13);
});

test("errors are JSON for scripts [K2]", async () => {
  const result = await site.lifeboat([...inPlace("none"), "--json"]);
  expect(JSON.parse(result.stdout)).toMatchObject({ message_type: "error", exitCode: 10 });
});

test("the guest changed between plan and deed: 13, named, and everything is taken back [K1, K4]", async () => {
  await site.fault("task-waits", afterSavePoint);
  const before = await site.picture(101);
  const archives = (await site.archives(101)).length;
  const run = site.lifeboat(inPlace("web"));
  const guest = { node, type: "lxc", vmid: 101 } as const;
  while ((await site.archives(101)).length === archives) await pause(20);
  while ((await site.client.guests.guestConfig(guest))["lock"] !== undefined) await pause(5);
  await site.client.guests.setGuestConfig(guest, { memory: 700 });
  await site.clearFaults();
  expect(told(await run)).toEqual([
    13,
    expect.stringContaining("the guest's configuration changed since the plan was made"),
  ]);
  await site.client.guests.setGuestConfig(guest, { memory: 512 });
  expect(await site.picture(101)).toEqual(before);
});

/** The text of a configuration file. */
function content(keys: Readonly<Record<string, string>>): string {
  return Object.entries(keys)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join("");
}

let projects = 0;

/** A copy of the project whose settings differ. */
function projectWith(change: (text: string) => string): string {
  projects += 1;
  const folder = join(site.project, `other-${projects}`);
  mkdirSync(folder);
  for (const file of ["Pulumi.yaml", "Pulumi.prod.yaml", "site-ca.pem"]) {
    writeFileSync(join(folder, file), change(readFileSync(join(site.project, file), "utf8")));
  }
  return folder;
}

/** A token that may look at guests and storages, and see no archive. */
async function limitedToken(): Promise<string> {
  const root = site.rootClient();
  const answer = await root.post(["access", "users", "lifeboat@pve", "token", "limited"], { privsep: true });
  await root.put(["access", "acl"], { path: "/", tokens: "lifeboat@pve!limited", roles: "PVEAuditor" });
  await root.close();
  const value = typeof answer === "object" && answer !== null && "value" in answer ? String(answer.value) : "";
  return `lifeboat@pve!limited=${value}`;
}
