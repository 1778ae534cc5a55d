import type { ProxmoxClient } from "../../../proxmox/api/client";
import { type AdoptedContainer, AdoptedSite } from "../support/adopted-site";

/** The sandbox's scheduler: jobs run at their time by a clock that moves, and Lifeboat sees it. */
let site: AdoptedSite;
const guests: readonly AdoptedContainer[] = [{ id: 201, name: "gitea" }];
const lab = "pve-lab";

beforeAll(async () => {
  site = await AdoptedSite.start([
    {
      name: "lab",
      node: lab,
      profile: "lab",
      guests,
      timeZone: "Europe/Berlin",
      job: { schedule: "sun 03:00", "prune-backups": "keep-last=3", compress: "zstd" },
    },
  ]);
});

afterAll(() => site.stop());

const day = 86_400;

async function forward(seconds: number): Promise<void> {
  await site.control({ command: "forward", seconds });
}

/** Sets the clock of the site; what would have run meanwhile does not. */
async function setClock(text: string): Promise<void> {
  const offset = Math.round((Date.parse(text) - Date.now()) / 1000);
  await site.control({ command: "clock", offset });
}

/** Times of the archives by the node's wall clock, oldest first; to the minute, as a run may begin a second late. */
async function archives(): Promise<string[]> {
  return site.on(lab, async (client: ProxmoxClient) => {
    const listed = await client.backups.archives(lab, "backup");
    return listed.map(({ volid }) => /201-(.+)_\d\d\.tar/u.exec(volid)?.[1] ?? "").sort();
  });
}

async function jobOptions(options: Record<string, string>): Promise<void> {
  await site.on(lab, (client) => client.put(["cluster", "backup", "lifeboat-lab"], options));
}

test("lab's job fires on Sunday 03:00 of the node's time, and the fourth run removes the first archive [A3, A4, 000 CA11.2, 002 P3, 002 P4]", async () => {
  // A Wednesday at noon, far from any change of summer time.
  await setClock("2027-01-13T12:00:00Z");
  const runs: string[][] = [];
  for (let week = 0; week < 4; week += 1) {
    await forward(7 * day);
    runs.push(await archives());
  }
  expect(runs.at(-1)).toEqual(["2027_01_24-03_00", "2027_01_31-03_00", "2027_02_07-03_00"]);
  expect(runs.map((names) => names.length)).toEqual([1, 2, 3, 3]);
  expect(runs[0]).toEqual(["2027_01_17-03_00"]);
  const { environments } = JSON.parse((await site.lifeboat(["status", "--json"])).stdout);
  expect(environments[0].guests[0]).toMatchObject({ backups: 3, newest: { ageSeconds: expect.any(Number) } });
  const { newest } = environments[0].guests[0];
  expect(Math.abs(newest.ageSeconds - (3 * day + 9 * 3600)) < 2 * 3600).toBe(true);
});

test("a protected archive stays beside those that are kept, and does not count [A4, 002 P4]", async () => {
  await site.on(lab, async ({ backups }) => {
    const oldest = (await backups.archives(lab, "backup")).find(({ volid }) => volid.includes("2027_01_24-03_00"));
    await backups.setArchiveProtection(lab, oldest?.volid ?? "none", true);
  });
  await forward(7 * day);
  expect(await archives()).toEqual(["2027_01_24-03_00", "2027_01_31-03_00", "2027_02_07-03_00", "2027_02_14-03_00"]);
});

test("a job that is off does not run, and one whose clock was set has missed nothing", async () => {
  const before = await archives();
  await jobOptions({ enabled: "0" });
  await forward(14 * day);
  expect(await archives()).toEqual(before);
  await jobOptions({ enabled: "1" });
  await setClock("2027-06-02T12:00:00Z");
  await forward(3600);
  expect(await archives()).toEqual(before);
});

describe("around the changes of summer time", () => {
  test.each([
    ["2027-03-26T12:00:00Z", 4],
    ["2027-10-29T12:00:00Z", 4],
  ])("from %s the runs are at 03:30 of the node's wall clock, once a day", async (from, days) => {
    await jobOptions({ schedule: "03:30", "prune-backups": "keep-all=1" });
    await setClock(from);
    const before = new Set(await archives());
    await forward(days * day);
    const runs = (await archives()).filter((name) => !before.has(name));
    expect(runs).toHaveLength(days);
    expect(runs.every((name) => name.endsWith("-03_30"))).toBe(true);
  });

  test("a time that spring leaves out is skipped, as Proxmox does, and the next run is the day after [A8]", async () => {
    await jobOptions({ schedule: "02:30" });
    await setClock("2027-03-27T12:00:00Z");
    const before = new Set(await archives());
    await forward(3 * day);
    const runs = (await archives()).filter((name) => !before.has(name)).map((name) => name.slice(0, 10));
    expect(runs).toEqual(["2027_03_29", "2027_03_30"]);
  });
});
