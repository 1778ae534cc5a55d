import { AdoptedSite } from "./support/adopted-site";
import { killAt } from "./support/kill-at";

/** What is half done and can never be ended: the snapshot that a rollback wants is gone. */
let site: AdoptedSite;
const node = "pve-prod";
const rollback = ["restore", "snapshot", "web", "first", "--force", "--stop"];

beforeAll(async () => {
  site = await AdoptedSite.start([
    { name: "prod", node, profile: "prod", guests: [{ id: 101, name: "web", disk: "lvmthin" }] },
  ]);
  await site.lifeboat(["backup", "snapshot", "web", "--name", "first"]);
  const { code, stderr } = await site.lifeboat(rollback, killAt("after", 11));
  if (code !== null) throw new Error(`The rollback was not killed: ${stderr}`);
  await site.on(node, async (client) => {
    const guest = { node, type: "lxc", vmid: 101 } as const;
    await client.tasks.wait(await client.guests.removeSnapshot(guest, "first"));
  });
});

afterAll(() => site.stop());

test("what can be neither resumed nor taken back is given up, once, and stands in nobody's way any more [K4, K5]", async () => {
  expect((await site.lifeboat(rollback)).code).not.toBe(0);
  const blocked = await site.lifeboat(["backup", "web"]);
  expect([blocked.code, blocked.stderr]).toEqual([11, expect.stringContaining("lifeboat abandon prod/web\n")]);
  const before = site.requests(node).length;
  const shown = await site.lifeboat(["abandon", "web", "--dry-run", "--json"]);
  expect(JSON.parse(shown.stdout)).toMatchObject({
    plan: {
      operations: [
        {
          kind: "rollback-snapshot",
          steps: ["stop", "way-back", "recheck", "roll-back"],
          leaves: [
            { about: "web (101)", is: "is stopped on pve-prod", known: true, next: "pct start 101" },
            {
              about: expect.stringMatching(/^snapshot before-\d{8}-\d{6}$/u),
              is: "stays",
              known: true,
              next: expect.stringMatching(/^lifeboat restore snapshot prod\/web before-/u),
            },
            { about: expect.stringMatching(/^task UPID:/u), is: "ended with 'snapshot 'first' does not exist'" },
          ],
        },
      ],
      flags: ["--force"],
    },
  });
  const unasked = await site.lifeboat(["abandon", "web"]);
  expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringMatching(/- snapshot before-\d{8}-\d{6} stays\n/u)]);
  expect(unasked.stderr).not.toMatch(/instead:[^\n]*(?:\n {4,}[^\n]*)*lifeboat abandon/u);
  await site.fault("node-unreachable");
  const blind = await site.lifeboat(["abandon", "web", "--dry-run", "--json"], {
    env: { LIFEBOAT_NODE_PATIENCE: "1" },
  });
  await site.clearFaults();
  expect([blind.code, JSON.parse(blind.stdout).plan.operations[0].leaves]).toEqual([
    0,
    ["web (101)", expect.stringMatching(/^snapshot before-/u), expect.stringMatching(/^task UPID:/u)].map((about) => ({
      about,
      is: expect.stringMatching(/^was not looked at: /u),
      known: false,
    })),
  ]);
  const given = await site.lifeboat(["abandon", "web", "--force"]);
  expect([given.code, given.stdout]).toEqual([0, expect.stringContaining("Abandoned a rollback of prod/web.")]);
  expect(
    site
      .requests(node)
      .slice(before)
      .filter(({ method }) => method !== "GET"),
  ).toEqual([]);
  expect((await site.lifeboat(["backup", "web"])).code).toBe(0);
  const nothing = await site.lifeboat(["abandon", "web", "--force"]);
  expect([nothing.code, nothing.stderr]).toEqual([10, expect.stringContaining("nothing is half done on prod/web")]);
});
