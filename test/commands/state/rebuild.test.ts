import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { toldForged, withForgedCommand } from "../../support/state/forged";
import { StateSite } from "./state-site";
import { putUpdate, stateKey } from "./states";

/** What `lifeboat rebuild state-store` plans and refuses. That it does it is in the rehearsal, and among the kills. */

let site: StateSite;

beforeEach(async () => {
  site = await StateSite.start();
  for (const name of ["prod", "monitoring"] as const) putUpdate(site, name, 60_000);
});

afterEach(() => site.stop());

function rebuild(...flags: string[]) {
  return site.lifeboat(["rebuild", "state-store", ...flags]);
}

test("a store that answers and holds everything: 13, nothing to do [F1]", async () => {
  await site.lifeboat(["backup", "state"]);
  expect(await rebuild("--force")).toMatchObject({
    code: 13,
    stderr: expect.stringMatching(
      /answers, and holds the state of every environment\nHINT: nothing has to be rebuilt/u,
    ),
  });
});

test("a connection that breaks once is no store that is lost: it is asked again before anything is made anew [F1, K4]", async () => {
  await site.lifeboat(["backup", "state"]);
  site.store.failsOnce = "reset";
  expect(await rebuild("--force")).toMatchObject({
    code: 13,
    stderr: expect.stringContaining("nothing has to be rebuilt"),
  });
  expect(site.store.failsOnce).toBeUndefined();
});

test("without a copy of the state whose stack makes the store: 10, and what there is to do [F1]", async () => {
  await site.lifeboat(["backup", "state", "prod"]);
  await site.store.close();
  expect(await rebuild("--force")).toMatchObject({
    code: 10,
    stderr: expect.stringMatching(
      /no copy of the state of monitoring.*\nHINT: .*--from offsite.*import-file monitoring/u,
    ),
  });
});

test("a dry run shows what is there and what comes back; nothing is changed [F1, K1]", async () => {
  await site.lifeboat(["backup", "state"]);
  await site.store.close();
  const { code, stdout } = await rebuild("--dry-run");
  expect(code).toBe(0);
  expect(stdout).toMatch(/store: +does not answer/u);
  expect(stdout).toMatch(/prod: copy of .*, 1 restore points/u);
  expect(stdout).toMatch(/lab: no copy/u);
  expect(stdout).toMatch(/Flags that answer all questions: --force/u);
  expect(await site.local.list("")).toEqual([]);
});

test("a copy with what the program never makes comes back into no store [N2]", async () => {
  await site.lifeboat(["backup", "state"]);
  await site.store.close();
  const good = (await site.copies("prod").read(stateKey("prod"))).toString();
  await site.copies("prod").write(stateKey("prod"), Buffer.from(withForgedCommand(good)));
  expect(await rebuild("--force")).toMatchObject({ code: 13, stderr: toldForged() });
});

test("a bucket that has a state keeps it; one that lost it gets the copy's [F1, 004 US3.2]", async () => {
  await site.lifeboat(["backup", "state"]);
  site.store.dropBucket("lifeboat-state-prod");
  const { code, stdout } = await rebuild("--dry-run", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    plan: {
      answers: true,
      environments: [
        { name: "lab", stored: false },
        { name: "monitoring", stored: true },
        { name: "prod", stored: false, copy: { points: 1 } },
      ],
      steps: expect.not.arrayContaining([expect.stringContaining("bring the state of monitoring and its")]),
    },
  });
});

test("copies that are older than what the store was last seen with need --accept-stale [F1, E6]", async () => {
  await site.lifeboat(["backup", "state"]);
  putUpdate(site, "prod", 120_000);
  await site.lifeboat(["backup", "state", "--to", join(site.folder, "elsewhere")]);
  await site.store.close();
  expect(await rebuild("--force")).toMatchObject({
    code: 13,
    stderr: expect.stringMatching(/last seen with a state of prod .*\nHINT: add --accept-stale/u),
  });
  expect(await rebuild("--dry-run", "--from", join(site.folder, "elsewhere"))).toMatchObject({
    code: 0,
    stdout: expect.not.stringContaining("LOST"),
  });
});

test("from offsite, and from a packed folder of copies [F1]", async () => {
  await site.lifeboat(["backup", "state", "--to", "offsite"]);
  await site.lifeboat(["backup", "state", "--to", join(site.folder, "elsewhere")]);
  execFileSync("tar", ["-czf", join(site.folder, "copies.tar.gz"), "-C", site.folder, "elsewhere"]);
  await site.store.close();
  for (const from of ["offsite", join(site.folder, "copies.tar.gz")]) {
    expect(await rebuild("--dry-run", "--from", from)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/prod: copy of .*, 1 restore points/u),
    });
  }
});

test("a wrong passphrase: 12 before anything is done [F1]", async () => {
  await site.lifeboat(["backup", "state"]);
  await site.store.close();
  const wrong = { env: { PULUMI_CONFIG_PASSPHRASE: "another" } };
  expect(await site.lifeboat(["rebuild", "state-store", "--force"], wrong)).toMatchObject({ code: 12 });
});

test("a store that refuses the keys may hold newer states: 14, and nothing is planned on the copies [F1, K3]", async () => {
  await site.lifeboat(["backup", "state"]);
  site.store.failWith = 403;
  for (const flag of ["--dry-run", "--force"]) {
    expect(await rebuild(flag)).toMatchObject({ code: 14, stderr: expect.stringContaining("RequestTimeTooSkewed") });
  }
  expect(await site.local.list("")).toEqual([]);
});

test.each(["metadata", "content"] as const)(
  "a state in the store that is damaged (%s): the copy replaces it [F1]",
  async (what) => {
    await site.lifeboat(["backup", "state"]);
    site.store.damage("lifeboat-state-prod", ".pulumi/stacks/shop/prod.json", what);
    expect(await rebuild("--dry-run")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /prod: the state in the store cannot be used \(the store answers 50[03].*\), the copy replaces it/u,
      ),
    });
  },
);
