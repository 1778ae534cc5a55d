import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { RestoreSite, node } from "./restore-site";
import { isSavePoint } from "../../../site/restore/save-point";
import { inRestore } from "../support/held-tasks";

let site: RestoreSite;
const hostile = `a'; touch pwned; $(x) "\u001b[31m`;

beforeAll(async () => {
  site = await RestoreSite.start(
    [
      { id: 101, name: "web" },
      { id: 102, name: "db" },
      { id: 103, name: "cached", withCache: true },
      { id: 104, name: "mail" },
      { id: 106, name: "pooled" },
      { id: 107, name: "logged" },
      { id: 105, name: "files", stopped: true, checks: '[running, "tcp:9"]' },
    ],
    { retention: "keep-last=1" },
  );
});

afterAll(() => site.stop());

/** A configuration without what every write changes: its digest, and the numbers of volumes. */
function described(configuration: Readonly<Record<string, string>>): Record<string, string> {
  const lasting = Object.entries(configuration).filter(([key]) => key !== "digest");
  return Object.fromEntries(lasting.map(([key, value]) => [key, value.replace(/disk-\d+/u, "disk-N")]));
}

function lines(text: string): string[] {
  return text.split("\n").map((line) => line.trim());
}

test("a dry run shows the plan and sends nothing but GET [D2, D5, K1, 004 EF-007]", async () => {
  const archive = await site.backUp(101);
  const before = await site.picture(101);
  const requests = site.requests().length;
  const result = await site.lifeboat(["restore", "guest", "web", "--dry-run"]);
  expect([result.code, result.stderr.includes("Unable")]).toEqual([0, false]);
  expect(lines(result.stdout)).toEqual(
    expect.arrayContaining([
      "Plan: restore prod/web (101) in place on pve-prod",
      "- rootfs (/)",
      "- mp0 (/srv)",
      "- the present web, as a protected save point on backup",
      "Flags that answer all questions: --stop --force",
    ]),
  );
  expect(result.stdout).toContain(archive);
  const sent = site.requests().slice(requests);
  expect(sent.length).toBeGreaterThan(10);
  expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
  expect(await site.picture(101)).toEqual(before);
});

test("keep-last=1 and seven archives: the oldest is restored, all are there afterwards, the newest stays the newest [D1, D6, 004 EF-006, 004 US1.3]", async () => {
  const archives: string[] = [];
  for (let count = 0; count < 7; count += 1) archives.push(await site.backUp(102, { "prune-backups": "keep-all=1" }));
  const [oldest = ""] = archives;
  const before = (await site.archives(102)).map(({ volid }) => volid);
  expect(before.toReversed()).toEqual(archives);
  const result = await site.lifeboat(["restore", "guest", "db", "--archive", oldest, "--force", "--stop", "--json"]);
  expect([result.code, result.stderr.includes("Unable")]).toEqual([0, false]);
  const report = JSON.parse(result.stdout);
  const after = await site.archives(102);
  expect(after.map(({ volid }) => volid)).toEqual([report.savePoint, ...before]);
  expect(after.map((archive) => [archive.protected, isSavePoint(archive.notes ?? "")])).toEqual([
    [true, true],
    ...before.map(() => [false, false]),
  ]);
  const plan = await site.lifeboat(["restore", "guest", "db", "--dry-run", "--json"]);
  expect(JSON.parse(plan.stdout).plan.archive.volid).toBe(archives.at(-1));
  expect(report).toMatchObject({
    message_type: "result",
    guest: "prod/db",
    vmid: 102,
    archive: oldest,
    proven: true,
    checks: [{ check: "it runs", passed: true }],
    undo: "lifeboat undo prod/db",
  });
});

test("every volume returns to its own storage at its own size, with its content and its flags [D14]", async () => {
  await site.backUp(104);
  const guest = { node, type: "lxc", vmid: 104 } as const;
  const before = await site.client.guests.guestConfig(guest);
  await site.client.guests.setGuestConfig(guest, { description: `${hostile}\n\nlifeboat: prod/mail`, memory: 640 });
  const result = await site.lifeboat(["restore", "guest", "mail", "--force", "--stop"]);
  expect(result.code).toBe(0);
  const after = await site.client.guests.guestConfig(guest);
  expect(described(after)).toEqual(described(before));
  expect(after["mp0"]).toMatch(/^data:104\/.*,mp=\/srv,.*size=2G/u);
  expect(await site.running(104)).toBe(true);
});

test("an excluded mount point is lost only with --accept-loss, and comes back empty [D7]", async () => {
  await site.backUp(103);
  const before = await site.picture(103);
  const refused = await site.lifeboat(["restore", "guest", "cached", "--force", "--stop"]);
  expect(refused.code).toBe(13);
  expect(refused.stderr).toContain(
    "the archive has nothing for mp1 (/var/cache/app), which would be lost; nothing was changed",
  );
  expect(refused.stderr).toContain("HINT: add --accept-loss");
  expect(await site.picture(103)).toEqual(before);
  const result = await site.lifeboat(["restore", "guest", "cached", "--force", "--stop", "--accept-loss"]);
  expect(result.code).toBe(0);
  expect(await site.volumeOf(103, "mp1")).toMatch(/^local:103\//u);
});

test("a check that fails after a good restore: exit 3, not proven, and the archive stays protected until one succeeds [D1, 004 EF-003]", async () => {
  const archive = await site.backUp(105);
  const result = await site.lifeboat(["restore", "guest", "files", "--force", "--check-timeout", "1"]);
  expect(result.code).toBe(3);
  expect(result.stdout).toContain("NOT PROVEN");
  expect(result.stdout).toContain("PROBLEM: files is restored, not proven: check 'tcp:9' failed");
  expect(result.stderr).toMatch(/^✗ Check that .*port 9\b/mu);
  const protectedNow = async () => (await site.archives(105)).find(({ volid }) => volid === archive)?.protected;
  expect([await site.running(105), await protectedNow()]).toEqual([true, true]);
});

test("hostile notes and descriptions come back unchanged, reach no terminal raw and do no harm [K1]", async () => {
  const [archive] = await site.archives(104);
  const target = (await site.archives(104)).find(({ notes }) => !isSavePoint(notes ?? ""));
  expect(archive).toBeDefined();
  const notes = `${hostile}\nsecond line`;
  await site.client.backups.setArchiveNotes(node, target?.volid ?? "", notes);
  const result = await site.lifeboat(["restore", "guest", "mail", "--force", "--stop"]);
  expect(result.code).toBe(0);
  expect((await site.client.backups.archiveDetails(node, target?.volid ?? "")).notes).toBe(notes);
  // eslint-disable-next-line no-control-regex
  expect(`${result.stdout}${result.stderr}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/u);
});

test("a lost guest: no stop, no save point, nothing to accept; it is back, and not being in its job is told [D5, D14]", async () => {
  await site.backUp(101);
  await site.destroy(101);
  const result = await site.lifeboat(["restore", "guest", "prod/101", "--force"]);
  expect(result.code).toBe(0);
  expect(await site.running(101)).toBe(true);
  expect(result.stdout).toContain("To do: web is not in backup job lifeboat-prod");
  expect(result.stdout).toContain('mend it with: eval "$(lifeboat env prod)" && pulumi up --refresh -s prod');
  expect(result.stdout).not.toContain("Save point");
});

test("a guest that its pool has lost meanwhile: the report names it with the command that mends it [D14]", async () => {
  await site.backUp(106);
  const root = site.rootClient();
  await root.post(["pools"], { poolid: "team" });
  await root.put(["pools"], { poolid: "team", vms: "106" });
  const holders = { users: "lifeboat@pve", tokens: "lifeboat@pve!lifeboat", roles: "PVEPoolUser" };
  await root.put(["access", "acl"], { path: "/pool/team", ...holders });
  await site.fault("task-waits", inRestore);
  const run = site.lifeboat(["restore", "guest", "pooled", "--force", "--stop"]);
  const restoring = () =>
    site
      .requests()
      .some(
        ({ method, path, parameters }) =>
          method === "POST" && path === `/nodes/${node}/lxc` && parameters["vmid"] === "106",
      );
  while (!restoring()) await pause(20);
  await root.put(["pools"], { poolid: "team", vms: "106", delete: true });
  await site.clearFaults();
  const result = await run;
  await root.close();
  expect([result.code, result.stdout]).toEqual([
    0,
    expect.stringContaining("To do: pooled is not in pool team\n  mend it with: pveum pool modify team --vms 106"),
  ]);
});

test("a restored copy shares neither MAC nor address nor autostart with the original, which is left alone [D5, D10, 004 US1.7]", async () => {
  await site.backUp(102);
  const before = await site.picture(102);
  const result = await site.lifeboat(["restore", "guest", "db", "--target-id", "902", "--force"]);
  expect(result.code).toBe(0);
  const original = await site.client.guests.guestConfig({ node, type: "lxc", vmid: 102 });
  const copy = await site.client.guests.guestConfig({ node, type: "lxc", vmid: 902 });
  const mac = /hwaddr=([0-9A-F:]+)/u;
  expect(mac.exec(copy["net0"] ?? "")?.[1]).toBeDefined();
  expect(mac.exec(copy["net0"] ?? "")?.[1]).not.toBe(mac.exec(original["net0"] ?? "")?.[1]);
  expect(copy["net0"]).not.toContain("192.0.2.");
  expect([copy["onboot"] ?? "0", original["onboot"]]).toEqual(["0", "1"]);
  expect([await site.running(902), await site.running(102)]).toEqual([true, true]);
  expect(await site.picture(102)).toEqual(before);
  const taken = await site.lifeboat(["restore", "guest", "db", "--target-id", "902", "--force"]);
  expect([taken.code, taken.stderr]).toEqual([13, expect.stringContaining("the id 902 is taken by another guest")]);
  const undone = await site.lifeboat(["undo", "db", "--force"]);
  expect([undone.code, await site.exists(902), await site.exists(102)]).toEqual([0, false, true]);
});

test("no secret is in what was printed, written or asked [K1]", async () => {
  const secret = readFileSync(site.sandbox.layout.tokenFile, "utf8").trim().split("=")[1] ?? "missing";
  await site.backUp(104);
  const done = await site.lifeboat(["restore", "guest", "mail", "--force", "--stop"]);
  expect(done.code).toBe(0);
  const plan = await site.lifeboat(["restore", "guest", "mail", "--dry-run", "--json"]);
  const failed = await site.lifeboat(["restore", "guest", "mail"]);
  const texts = [
    done.stdout,
    done.stderr,
    plan.stdout,
    plan.stderr,
    failed.stdout,
    failed.stderr,
    site.requestLog(),
    ...site.journals(),
  ];
  expect(site.journals()).not.toEqual([]);
  expect(texts.filter((text) => text.includes(secret))).toEqual([]);
});

test("a log on a full disk breaks no restore off, and what a script gets from one is no success unless it is whole [K4]", async () => {
  await site.backUp(107);
  const told = await site.lifeboat(["restore", "guest", "logged", "--stop", "--force"], { fullDisk: "stderr" });
  expect([told.code, told.stderr]).toEqual([0, ""]);
  expect(site.journals()[0]).toMatch(/"state": "done"/u);
  const lost = await site.lifeboat(["backups", "logged", "--json"], { fullDisk: "stdout" });
  expect([lost.code, lost.stderr]).toEqual([1, expect.stringMatching(/^ERROR: .*ENOSPC.*$/mu)]);
  const failed = await site.lifeboat(["status", "nowhere"], { fullDisk: "stderr" });
  expect(failed.code).toBe(2);
});
