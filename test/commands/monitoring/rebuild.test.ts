import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { node, type RestoreSite } from "../restore/restore-site";
import { startMetricsSite } from "./metrics-site";

/** What `lifeboat rebuild monitoring` plans and refuses. That it does it is in the rehearsal. */

let site: RestoreSite;

beforeAll(async () => {
  site = await startMetricsSite();
});

afterAll(() => site.stop());

function rebuild(...flags: string[]) {
  return site.lifeboat(["rebuild", "monitoring", ...flags]);
}

/** A state as `pulumi up` leaves it. */
function putState(): void {
  const file = site.dataPath("pulumi/.pulumi/stacks/site/prod.json");
  mkdirSync(dirname(file), { recursive: true });
  const manifest = { time: "2026-11-20T10:00:00Z", magic: "", version: "" };
  const latest = { manifest, resources: [] };
  writeFileSync(file, JSON.stringify({ version: 3, checkpoint: { stack: "organization/site/prod", latest } }));
}

test("without a backup, and without a state of its stack: 13, and the command that makes it first [F2]", async () => {
  expect(await rebuild("--dry-run")).toMatchObject({
    code: 13,
    stderr: expect.stringMatching(/no state of prod: its stack was never brought up\nHINT: lifeboat up prod/u),
  });
});

test("a token that may not see the backups has nothing made anew [F2, D3]", async () => {
  const root = site.rootClient();
  await root.put(["access", "acl"], { path: "/storage/backup", roles: "NoAccess", users: "lifeboat@pve" });
  await root.put(["access", "acl"], { path: "/storage/backup", roles: "NoAccess", tokens: "lifeboat@pve!lifeboat" });
  const refused = await rebuild("--dry-run");
  for (const whose of [{ users: "lifeboat@pve" }, { tokens: "lifeboat@pve!lifeboat" }]) {
    await root.put(["access", "acl"], { path: "/storage/backup", roles: "NoAccess", delete: true, ...whose });
  }
  await root.close();
  expect(refused).toMatchObject({
    code: 14,
    stderr: expect.stringMatching(/no archive of guest 301 was found, and .*lacks Datastore/u),
  });
});

test("without a backup its stack makes it again, and the plan says so [F2, K1]", async () => {
  putState();
  const there = await rebuild("--dry-run");
  expect(there).toMatchObject({ code: 0 });
  expect(there.stdout).toMatch(/why anew: +there is no archive of guest 301/u);
  expect(there.stdout).toMatch(/metrics \(301\) is there: its services are installed again, its data stay/u);
  expect(there.stdout).toMatch(/Flags that answer all questions: --force$/mu);
});

test("with a backup it is restored, and proven by its services themselves; made anew only on request [F2]", async () => {
  await site.backUp(301);
  const plan = await rebuild("--dry-run");
  expect(plan.stdout).toMatch(/Plan: restore prod\/metrics \(301\) in place/u);
  expect(plan.stdout).toMatch(/prove that in it '\/usr\/local\/lib\/lifeboat\/monitoring-check' ends with 0/u);
  expect((await rebuild("--dry-run", "--anew")).stdout).toMatch(/why anew: +--anew was given/u);
});

test("a storage that shows no backup of anybody has nothing made anew: its disk may not be mounted [F2, D3]", async () => {
  await site.fault("disk-unmounted", { node, storage: "backup" });
  const refused = await rebuild("--dry-run");
  const asked = await rebuild("--dry-run", "--anew");
  await site.clearFaults();
  expect(refused).toMatchObject({
    code: 14,
    stderr: expect.stringMatching(/no archive of guest 301 .*shows no backup at all.*\nHINT: mount it.*--anew/u),
  });
  expect(asked).toMatchObject({ code: 0 });
});

test("a guest that is gone without a backup takes its measurements with it: that is asked for [F2, K1]", async () => {
  for (const { volid } of await site.archives(301))
    rmSync(site.nodePath(node, `mnt/backup/dump/${volid.split("/")[1] ?? ""}`));
  await site.destroy(301);
  const gone = await rebuild("--dry-run");
  expect(gone.stdout).toMatch(/metrics \(301\) is gone: it is made again, empty/u);
  expect(gone.stdout).toMatch(/Flags that answer all questions: --accept-loss --force/u);
  expect(await rebuild("--force")).toMatchObject({
    code: 13,
    stderr: expect.stringMatching(/all measurements from before are gone.*--accept-loss/su),
  });
});
