import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RestoreSite } from "./restore-site";

/** Policies are the program's: the command line tells of a broken one, and restores. */
let site: RestoreSite;

const objectives = "  lifeboat:objectives: { rto: 1h }";

beforeAll(async () => {
  site = await RestoreSite.start([{ id: 101, name: "web", withCache: true }], { settings: objectives });
  const file = join(site.project, "Pulumi.prod.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("until: 2099-06-30", "until: 2020-06-30"));
});

afterAll(() => site.stop());

test("an opt-out that is over is a warning, and the restore goes on; its report holds the time against the RTO [A6, A8]", async () => {
  await site.backUp(101);
  const flags = ["--force", "--stop", "--accept-loss"];
  const result = await site.lifeboat(["restore", "guest", "web", ...flags, "--json"]);
  expect(result.code).toBe(0);
  expect(JSON.parse(result.stdout)).toMatchObject({ rto: { seconds: 3600, met: true } });
  const again = await site.lifeboat(["restore", "guest", "web", ...flags]);
  expect(again.code).toBe(0);
  const said = (again.stdout + again.stderr).replace(/\s+/gu, " ");
  expect(said).toContain("WARNING: disk cache of guest web was left out of backups until 2020-06-30 only");
  expect(said).toMatch(/In time: .* of the 1 h that its RTO allows/u);
});

test("status names it with its guest, shows the hazard, and ends with 3 [A3, A7, A12]", async () => {
  const { code, stdout } = await site.lifeboat(["status"]);
  expect(code).toBe(3);
  expect(stdout.replace(/\s+/gu, " ")).toContain(
    "disk cache of guest web was left out of backups until 2020-06-30 only (rebuilt; owner: web team)",
  );
  expect(stdout).toContain("! the only backups of web lie on their own node");
  const { policies } = JSON.parse((await site.lifeboat(["status", "--json"])).stdout).environments[0];
  expect(policies.broken).toMatchObject([{ policy: "coverage", guests: ["web"] }]);
  expect(policies.notes).toMatchObject([{ policy: "hazards", guests: ["web"] }]);
});
