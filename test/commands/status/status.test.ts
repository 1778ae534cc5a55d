import * as z from "zod";
import { type AdoptedContainer, AdoptedSite } from "../support/adopted-site";
import { inSavePoint } from "../support/held-tasks";
import type { RunResult } from "../support/run-bundle";

/** The morning page over 40 adopted guests on three nodes, one environment each. */
let site: AdoptedSite;

const day = 86_400;
const now = Math.floor(Date.now() / 1_000);
const today = now - (now % day);

/** Newest start of a daily time that is an hour ago at least: what is younger may still be on its way. */
function lastDaily(hour: number): number {
  const start = today + hour * 3_600;
  return start + 3_600 <= now ? start : start - day;
}

/** 1970-01-01 was a Thursday. */
function lastSunday(hour: number): number {
  const days = (Math.floor(today / day) + 4) % 7;
  const start = today - days * day + hour * 3_600;
  return start + 3_600 <= now ? start : start - 7 * day;
}

const longName = "customer-portal-backend-of-the-production-site";

const prod: readonly AdoptedContainer[] = numbered(101, 20, "web").map((guest) =>
  guest.id === 103
    ? { ...guest, name: `${longName}-01` }
    : guest.id === 104
      ? { ...guest, name: `${longName}-02` }
      : guest,
);
const lab: readonly AdoptedContainer[] = numbered(2_001, 12, "lab").map((guest) =>
  guest.id === 2_012
    ? { ...guest, settings: ["backup: { exclude: rebuilt, owner: lab team, until: 2099-06-30 }"] }
    : guest,
);
const monitoring = numbered(300_001, 8, "mon");

function numbered(first: number, count: number, name: string): AdoptedContainer[] {
  return Array.from({ length: count }, (_, index) => ({ id: first + index, name: `${name}-${String(index + 1)}` }));
}

beforeAll(async () => {
  site = await AdoptedSite.start([
    { name: "prod", node: "pve-prod", profile: "prod", guests: prod },
    { name: "lab", node: "pve-lab", profile: "lab", guests: lab },
    { name: "monitoring", node: "pve-mon", profile: "monitoring", guests: monitoring },
  ]);
  putArchives("pve-prod", prod, lastDaily(1), day);
  putArchives("pve-lab", lab.slice(0, -1), lastSunday(3), 7 * day);
  putArchives("pve-mon", monitoring, lastDaily(2), day);
});

afterAll(() => site.stop());

function putArchives(node: string, guests: readonly AdoptedContainer[], newest: number, apart: number): void {
  for (const { id } of guests) {
    for (let back = 0; back < 3; back += 1) site.putArchive(node, id, newest - back * apart, 2_000 - back * 100);
  }
}

const statusSchema = z.looseObject({
  exitCode: z.number(),
  summary: z.looseObject({ guests: z.number(), fine: z.number(), leftOut: z.number(), needYou: z.array(z.string()) }),
  environments: z.array(
    z.looseObject({
      name: z.string(),
      job: z.looseObject({
        lastRuns: z.array(z.looseObject({ result: z.string(), failed: z.array(z.unknown()) })),
        running: z.array(z.looseObject({ node: z.string() })),
      }),
      guests: z.array(
        z.looseObject({ id: z.number(), newest: z.looseObject({}).nullable(), problems: z.array(z.string()) }),
      ),
      problems: z.array(z.string()),
    }),
  ),
});

function parsed({ stdout }: RunResult) {
  return statusSchema.parse(JSON.parse(stdout));
}

function guestOf(result: RunResult, id: number) {
  return parsed(result)
    .environments.flatMap(({ guests }) => guests)
    .find((guest) => guest.id === id);
}

/** What a terminal shows in the end: a line that was painted over is gone, and so is what steers it. */
function screen({ stdout }: RunResult): string[] {
  return (
    stdout
      .trimEnd()
      .split("\r\n")
      .map((line) => line.slice(line.lastIndexOf("\r") + 1))
      // eslint-disable-next-line no-control-regex
      .map((line) => line.replaceAll(/\u001b\[[0-9;?]*[a-zA-Z]/gu, ""))
  );
}

test("40 guests on three nodes in order: 0, a line each, and one line that says so [A3, A10]", async () => {
  const result = await site.lifeboat(["status"]);
  expect(result.stdout).toMatch(/\n✓ 40 guests: 39 fine, 1 left out\n$/u);
  expect(result.code).toBe(0);
  for (const { id } of [...prod, ...lab, ...monitoring])
    expect(result.stdout).toMatch(new RegExp(`^  [✓-] .* ${String(id)} `, "mu"));
  expect(result.stdout).toMatch(/^ {2}next run {3}\d{4}-\d\d-\d\d 01:00 UTC, in .* \(schedule 01:00\)$/mu);
  expect(result.stdout).toMatch(/^ {2}storage {4}backup: \d+ % of [\d.]+ .iB used$/mu);
  expect(result.stdout).toContain("left out   lab-12 until 2099-06-30");
  expect(result.stdout).not.toContain("\u001b");
});

test("the number of requests does not depend on the number of guests, but for two for each newest archive: whose it is, and what was verified", async () => {
  const before = site.requests("pve-prod").length;
  await site.lifeboat(["status", "prod"]);
  const all = site.requests("pve-prod").slice(before);
  const ofArchive = /\/vzdump\/extractconfig$|\/content\/./u;
  const paths = all.filter(({ path }) => !ofArchive.test(path));
  expect(all.length - paths.length).toBe(2 * prod.length);
  expect(paths.filter(({ path }) => /\/storage\/[^/]+\/content/u.test(path)).length).toBe(2);
  expect(paths.length).toBeLessThan(15);
  expect(paths.every(({ method }) => method === "GET")).toBe(true);
});

test.each([80, 120])("in a terminal of %i columns no line is wider, and every id can be read", async (columns) => {
  const result = await site.inTerminal(["status"], columns, { NO_COLOR: "1" });
  const lines = screen(result);
  expect(lines.filter((line) => line.length > columns)).toEqual([]);
  for (const { id } of [...prod, ...lab, ...monitoring]) {
    expect(lines.some((line) => new RegExp(`^  [✓-] .* ${String(id)}  `, "u").test(line))).toBe(true);
  }
  const long = lines.filter((line) => /^ {2}[✓-] .*customer-portal/u.test(line));
  expect(long.map((line) => /-0\d(?= )/u.exec(line)?.[0])).toEqual(["-01", "-02"]);
  expect(long.some((line) => line.includes(`${longName}-01`))).toBe(columns === 120);
  expect(result.stdout).not.toContain("\u001b[3");
});

test("colours only on a terminal, and not with NO_COLOR", async () => {
  expect((await site.inTerminal(["status", "lab"], 80)).stdout).toContain("\u001b[32m✓\u001b[39m");
  expect((await site.inTerminal(["status", "lab"], 80, { NO_COLOR: "1" })).stdout).not.toContain("\u001b[32m");
});

describe("something is wrong", () => {
  const started = now - 60;

  beforeAll(async () => {
    site.putArchive("pve-prod", 105, started, 700);
    await site.on("pve-prod", async (client) => {
      const guest = { node: "pve-prod", type: "lxc", vmid: 110 } as const;
      await client.tasks.wait(await client.guests.stop(guest));
      await client.tasks.wait(await client.guests.destroy(guest));
      await client.put(["cluster", "backup", "lifeboat-prod"], {
        vmid: prod
          .filter(({ id }) => id !== 106)
          .map(({ id }) => id)
          .join(","),
      });
      // As the job would: over several guests, of which one is gone.
      const run = await client.post(["nodes", "pve-prod", "vzdump"], { vmid: "107,110", storage: "backup" });
      await client.tasks.wait(String(run));
    });
  });

  test("a backup of less than half the size is marked, with both sizes [D2]", async () => {
    const result = await site.lifeboat(["status", "--json"]);
    expect(guestOf(result, 105)).toMatchObject({
      newest: { size: 700, previousSize: 2_000, shrunk: true, time: started },
      problems: [
        "the newest backup has 35 % of the size of the one before (700 B, before 2.0 KiB): something may be missing",
      ],
    });
    expect(result.code).toBe(3);
  });

  test("the last run's own error line stands with its guest; a guest backed up since has none", async () => {
    const result = await site.lifeboat(["status", "--json"]);
    const [last] = parsed(result).environments.find(({ name }) => name === "prod")?.job.lastRuns ?? [];
    expect(last).toMatchObject({ result: "job errors", failed: [{ id: 110, reason: "unable to find VM '110'" }] });
    expect(guestOf(result, 110)?.problems).toEqual([
      "guest 110 is not on pve-prod",
      expect.stringMatching(/^its backup failed in the run of .*: unable to find VM '110'$/u),
    ]);
    site.putArchive("pve-prod", 110, Math.floor(Date.now() / 1_000), 2_000);
    expect(guestOf(await site.lifeboat(["status", "--json"]), 110)?.problems).toEqual(["guest 110 is not on pve-prod"]);
  });

  test("guests that need somebody come first, with what is wrong below; the last line names them [A10]", async () => {
    const lines = screen(await site.inTerminal(["status"], 80, { NO_COLOR: "1" }));
    const prodAt = lines.findIndex((line) => line.startsWith("prod "));
    const marks = lines.slice(prodAt).flatMap((line) => /^ {2}([✓✗]) \S+ +\d/u.exec(line)?.[1] ?? []);
    expect(marks.slice(0, 4)).toEqual(["✗", "✗", "✗", "✓"]);
    expect(marks.slice(4)).not.toContain("✗");
    const missing = lines.findIndex((line) => /✗ web-6 +106 /u.test(line));
    expect(lines[missing + 1]).toBe("      it is not in the backup job lifeboat-prod");
    const last = lines.slice(lines.findIndex((line) => line.includes("40 guests:"))).join(" ");
    expect(last.replaceAll(/ +/gu, " ")).toBe(
      "✗ 40 guests: 36 fine, 1 left out, 3 need you; prod/web-5, prod/web-6, prod/web-10",
    );
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  test("a node that is down is said, and the others are shown [K3]", async () => {
    await site.fault("node-unreachable", { node: "pve-lab" });
    const result = await site.lifeboat(["status"]);
    await site.clearFaults();
    expect(result.code).toBe(3);
    expect(result.stdout).toContain(`Unable to look at lab: ${site.endpoint("pve-lab")}`);
    expect(result.stdout).toContain("lab could not be looked at");
    expect(result.stdout).toMatch(/✓ mon-1 /u);
  });

  test("JSON holds every member, null where nothing is known", async () => {
    const { environments, summary } = parsed(await site.lifeboat(["status", "--json"]));
    const one = environments.find(({ name }) => name === "lab")?.guests.at(-1);
    expect(one).toEqual({
      name: "lab-12",
      id: 2_012,
      node: "pve-lab",
      state: "running",
      newest: null,
      allSeen: true,
      rpoSeconds: (7 * 24 + 2) * 3_600,
      backups: 0,
      savePoints: 0,
      optOut: { reason: "rebuilt", owner: "lab team", until: "2099-06-30" },
      diskOptOuts: [],
      drill: null,
      snapshots: null,
      otherNumber: null,
      problems: [],
    });
    expect(summary).toMatchObject({ guests: 40, leftOut: 1, besides: [], unknown: [] });
  });
});

test("a running backup is shown, and what is due on its way is not missed", async () => {
  const settings = { node: "pve-mon", ...inSavePoint };
  await site.fault("task-waits", settings);
  await site.on("pve-mon", async (client) => {
    const upid = String(await client.post(["nodes", "pve-mon", "vzdump"], { vmid: "300001", storage: "backup" }));
    const { stdout } = await site.lifeboat(["status", "monitoring"]);
    expect(stdout).toMatch(/running {4}a backup of mon-1 on pve-mon since \d{4}-/u);
    await site.clearFaults();
    await client.delete(["nodes", "pve-mon", "tasks", upid]);
  });
});
