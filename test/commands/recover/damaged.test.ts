import { RecoverSite } from "./recover-site";

/** A recovery that meets an archive which cannot be restored. */
let lost: RecoverSite;

beforeEach(async () => {
  lost = await RecoverSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "db" },
  ]);
});

afterEach(() => lost.stop());

test("an archive that is damaged: the older one is offered before anything is done, the others come back, and with it the site is whole [H1, D9]", async () => {
  const [older] = await lost.site.archives(101);
  const newest = await lost.site.backUp(101);
  await lost.site.fault("archive-flipped", { volid: newest });
  for (const id of [101, 102]) await lost.site.destroy(id);
  expect((await lost.recover(["--dry-run"])).stdout).toMatch(/web +101 +NOT AT ALL +all of it, until mended\n/u);
  const { code, stdout, stderr } = await lost.recover(["--force"]);
  const line = `lifeboat restore guest prod/web --archive ${older?.volid ?? ""}`;
  expect(stderr).toContain(`LOST: prod/web: ${newest} cannot be read`);
  expect(stderr).toContain(`HINT: the next older one can be read: ${line}`);
  expect(stdout).toMatch(/^The site is NOT PROVEN to be back[^]*prod\/web +lost\b[^]*prod\/db +back\b/u);
  expect([code, await lost.there()]).toEqual([3, ["db"]]);
  expect((await lost.run([...line.split(" ").slice(1), "--force"])).code).toBe(0);
  expect(await lost.there()).toEqual(["db", "web"]);
  // What web could be brought back from next is damaged still.
  expect((await lost.recover()).stdout).toMatch(/^The site is NOT PROVEN[^]*prod: web: .* does not tell whose it is/u);
  await lost.site.backUp(101);
  expect((await lost.recover()).stdout).toMatch(/^The site is back/u);
  expect((await lost.recover()).stdout).toMatch(/^Nothing is lost/u);
});
