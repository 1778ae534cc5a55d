import * as z from "zod";
import { killAt } from "../support/kill-at";
import { RecoverSite } from "./recover-site";

/** A recovery of a site where somebody has changed a guest's number in the settings. */
let lost: RecoverSite;

beforeEach(async () => {
  lost = await RecoverSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "db" },
  ]);
  lost.pulumiRuns();
});

afterEach(() => lost.stop());

function renumber(from: number, to: number): void {
  const { site } = lost;
  site.write("Pulumi.prod.yaml", site.read("Pulumi.prod.yaml").replace(`id: ${String(from)}\n`, `id: ${String(to)}\n`));
}

const plan = z.object({ plan: z.looseObject({ steps: z.array(z.looseObject({ id: z.string() })) }) });

async function steps(): Promise<string[]> {
  const { stdout } = await lost.recover(["--dry-run", "--json"]);
  return plan.parse(JSON.parse(stdout)).plan.steps.map(({ id }) => id);
}

test("archives of a guest whose number was changed are found by its mark: it is never made empty, and comes back when it has its number again [H1, A9, D15]", async () => {
  for (const id of [101, 102]) await lost.site.destroy(id);
  renumber(101, 105);
  const [newest] = await lost.site.archives(101);
  const why = `prod/web has no archive under 105, its number in the settings, that could be restored, and 1 archive of it bears 101`;
  const mend = "write `id: 101` in the settings of web again, and then the same command";
  const dry = await lost.recover(["--dry-run"]);
  expect(dry.stdout).toContain(`LOST: prod/web: ${why}`);
  expect(dry.stdout).toContain(newest?.volid);
  expect(dry.stdout).toContain(`HINT: ${mend}`);
  expect(dry.stdout).toMatch(/web +105 +NOT AT ALL +all of it, until mended\n/u);
  expect(await steps()).toEqual(["guests", "check"]);
  expect(await lost.run(["restore", "guest", "web", "--dry-run"])).toMatchObject({
    code: 13,
    stderr: expect.stringContaining(mend),
  });
  const { code, stdout } = await lost.recover(["--force"]);
  expect(stdout).toMatch(
    /prod\/db +back\b[^]*prod\/web +lost\b[^]*prod is not brought up: its stack would make web empty/u,
  );
  expect([code, await lost.there(), lost.pulumiRuns().filter((run) => run.startsWith("up"))]).toEqual([3, ["db"], []]);
  renumber(105, 101);
  expect((await lost.recover(["--force"])).stdout).toMatch(/^The site is back[^]*prod\/web +back\b/u);
  expect(await lost.there()).toEqual(["db", "web"]);
});

test("a restore that was cut off under the number that a guest had before is named in the plan, with what ends it [H1, K4, K5]", async () => {
  await lost.site.destroy(101);
  expect((await lost.recover(["--force"], killAt("after", 9))).code).not.toBe(0);
  renumber(101, 105);
  const { stdout, stderr } = await lost.recover(["--dry-run"]);
  expect(stdout + stderr).toMatch(
    /LOST: prod\/web: a restore of prod\/web, begun at .*, has not ended\n +HINT: the settings do not have it under this name and number any more: put it back there, and then lifeboat restore guest prod\/web/u,
  );
  renumber(105, 101);
  expect((await lost.recover(["--force"])).stdout).toMatch(/^The site is back/u);
});

test("a guest that is there under the number that it had before is not lost, and never made empty [H1, A9, K6]", async () => {
  renumber(102, 106);
  for (const { volid } of await lost.site.archives(102))
    await lost.site.client.backups.deleteArchive("pve-prod", volid);
  const { stdout, stderr } = await lost.recover(["--dry-run"]);
  expect(stdout + stderr).toMatch(/prod\/db has no archive under 106, .* and it is there as 102 on pve-prod/u);
});
