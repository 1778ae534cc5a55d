import { type GuestOnSite, type IdOnSite, planImport, type SiteContents } from "../../../../site/import-file/plan";
import { environmentOf, exampleSettings, liveConfiguration } from "../../../support/example-environment";

const environment = environmentOf(exampleSettings());

function onSite(other: Partial<GuestOnSite> = {}): GuestOnSite {
  return { node: "pve-prod", type: "lxc", name: "web", configuration: liveConfiguration(), ...other };
}

function contents(web: IdOnSite, other: Partial<SiteContents> = {}): SiteContents {
  return { guests: new Map([[101, web]]), storage: { type: "dir" }, jobExists: true, ...other };
}

function marked(mark: string | undefined): GuestOnSite {
  return onSite({ configuration: liveConfiguration({ description: mark }) });
}

test("what is declared, on the site and marked is taken in [E5]", () => {
  const plan = planImport(environment, contents(onSite()));
  expect(plan.guests.map(({ guest }) => guest.name)).toEqual(["web"]);
  expect(plan).toMatchObject({ storage: true, job: true, leftOut: [] });
});

test.each([
  ["no mark", marked(undefined), /container 101 \(web\) on pve-prod was not made by Lifeboat/u],
  ["another environment's mark", marked("lifeboat: lab/web"), /bears the mark of lab\/web/u],
  ["another guest's mark", marked("lifeboat: prod/db"), /bears the mark of prod\/db/u],
  ["the other kind", onSite({ type: "qemu" }), /guest of the other kind: virtual machine 101/u],
  ["another node", onSite({ node: "pve-lab" }), /it is on pve-lab, and the settings say pve-prod/u],
  ["no right to see it", "unseen" as const, /may not see/u],
])("a guest with %s is never taken in, but named with a way [E5, A14]", (_, found, why) => {
  const plan = planImport(environment, contents(found));
  expect(plan.guests).toEqual([]);
  expect(plan.leftOut).toEqual([expect.objectContaining({ what: "container web (101)", isMade: false })]);
  expect(plan.leftOut[0]?.why).toMatch(why);
});

test("a guest that is gone is named with its restore: an empty one would push its backups out [E5, A9]", () => {
  const [gone] = planImport(environment, contents("free")).leftOut;
  expect(gone).toMatchObject({ why: "it is not on the site", isMade: true });
  expect(gone?.next).toContain("lifeboat restore guest prod/web");
});

test("storage and job that are gone are made by the next update, and it says so [E5]", () => {
  const plan = planImport(environment, contents(onSite(), { storage: "free", jobExists: false }));
  expect(plan).toMatchObject({ storage: false, job: false });
  expect(plan.leftOut.map(({ what, isMade }) => [what, isMade])).toEqual([
    ["backup storage backup", true],
    ["backup job lifeboat-prod", true],
  ]);
});

test("a storage of another type than declared is not taken in [E5]", () => {
  const plan = planImport(environment, contents(onSite(), { storage: { type: "nfs" } }));
  expect(plan.storage).toBe(false);
  expect(plan.leftOut).toEqual([expect.objectContaining({ what: "backup storage backup", isMade: false })]);
});

test("what is adopted is nobody's to take in, and not missed either [E5, A10]", () => {
  const adopted = environmentOf({
    ...exampleSettings(),
    backup: { storage: { id: "backup", adopt: true } },
    guests: { legacy: { adopt: 140 } },
  });
  const plan = planImport(adopted, { guests: new Map(), storage: "free", jobExists: true });
  expect(plan).toEqual({ guests: [], storage: false, job: true, leftOut: [] });
});

test("a storage that may be hidden is not said to be gone [E5, D3]", () => {
  const plan = planImport(environment, contents(onSite(), { storage: "unseen" }));
  expect(plan.leftOut).toEqual([
    expect.objectContaining({ why: expect.stringContaining("may not see"), isMade: false }),
  ]);
});
