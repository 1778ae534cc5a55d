import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireSuccess } from "../support/kit";
import { AdoptedSite } from "../support/adopted-site";
import type { RunResult } from "../support/run-bundle";
import { PulumiStandIn } from "../support/site/pulumi-stand-in";

/** Two nodes that have lost their guests, of which one answers only when the other is back already. */
let site: AdoptedSite;
let variables: Readonly<Record<string, string>>;
const guests = { prod: { node: "pve-prod", id: 101 }, lab: { node: "pve-lab", id: 201 } } as const;

beforeAll(async () => {
  site = await AdoptedSite.start([
    {
      name: "prod",
      node: "pve-prod",
      profile: "prod",
      guests: [{ id: 101, name: "web", settings: ["checks: [running]"] }],
    },
    {
      name: "lab",
      node: "pve-lab",
      profile: "lab",
      guests: [{ id: 201, name: "git", settings: ["checks: [running]"] }],
    },
  ]);
  writeFileSync(join(site.folder, "passphrase"), "not-a-secret-passphrase\n");
  site.write("program.json", JSON.stringify({ prod: [], lab: [] }));
  const pulumi = new PulumiStandIn(site.folder, join(__dirname, "../up/pulumi.cjs"));
  variables = { ...pulumi.variables, PULUMI_CONFIG_PASSPHRASE_FILE: join(site.folder, "passphrase") };
  for (const words of [
    ["up", "--force"],
    ["backup", "--all", "--env", "prod"],
    ["backup", "--all", "--env", "lab"],
  ]) {
    const { code, stderr } = await run(words);
    if (code !== 0) throw new Error(stderr);
  }
  for (const { node, id } of Object.values(guests)) await destroy(node, id);
});

afterAll(() => site.stop());

function run(words: readonly string[]): Promise<RunResult> {
  return site.lifeboat(words, { env: variables });
}

function destroy(node: string, vmid: number): Promise<void> {
  return site.on(node, async (client) => {
    const guest = { node, type: "lxc", vmid } as const;
    requireSuccess(await client.tasks.wait(await client.guests.stop(guest)));
    requireSuccess(await client.tasks.wait(await client.guests.destroy(guest)));
  });
}

function names(environment: keyof typeof guests): Promise<(string | undefined)[]> {
  return site.on(guests[environment].node, async (client) => (await client.cluster.guests()).map(({ name }) => name));
}

test("a node that answers only half-way: the others come back first and it is named; the same command brings it back, and nothing else [H1, K3, K6]", async () => {
  await site.fault("node-unreachable", { node: "pve-lab" });
  const recover = ["recover", "--check-timeout", "0", "--force"];
  const first = await run(recover);
  expect(first.stderr).toMatch(/LOST: lab cannot be brought back now: /u);
  expect(first.stdout).toMatch(
    /^The site is NOT PROVEN to be back[^]*prod\/web +back\b[^]*PROBLEM: lab was left as it is: /u,
  );
  expect([first.code, await names("prod")]).toEqual([3, ["web"]]);
  await site.clearFaults();
  expect(await names("lab")).toEqual([]);
  const second = await run(recover);
  expect(second.stderr).toMatch(/prod: all of it is there/u);
  expect(second.stdout).toMatch(/^The site is back [^]*lab\/git +back\b/u);
  expect(second.stdout).not.toMatch(/prod\/web/u);
  expect([second.code, await names("lab"), await names("prod")]).toEqual([0, ["git"], ["web"]]);
});
