import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { AdoptedSite } from "../support/adopted-site";
import type { RunResult } from "../support/run-bundle";

/** Snapshots by hand and on a schedule, on storages that keep them and on one that does not. */
let site: AdoptedSite;

const node = "pve-prod";
const every6h = ['snapshots: { schedule: "*/6:00", keep: 2 }'];
const guests = [
  { id: 101, name: "thin", disk: "lvmthin", settings: every6h },
  { id: 102, name: "tank", disk: "zfspool", settings: every6h },
  { id: 103, name: "folder", disk: "dir", settings: every6h },
  { id: 104, name: "plain", disk: "lvmthin" },
] as const;

/** Start of today, unix seconds; the tests move the node's clock through the days after tomorrow. */
const midnight = Math.floor(Date.now() / 86_400_000) * 86_400 + 2 * 86_400;

beforeAll(async () => {
  site = await AdoptedSite.start([{ name: "prod", node, profile: "prod", guests }]);
});

afterAll(() => site.stop());

/** Sets the node's clock. @param hours after the midnight that begins the tests' first day. */
function clock(hours: number): Promise<unknown> {
  const offset = midnight + hours * 3_600 - Math.floor(Date.now() / 1_000);
  return site.control({ command: "clock", offset });
}

/** What was due by then is taken; what is due later is not. */
async function upTo(hours: number): Promise<void> {
  await clock(hours + 0.1);
  await site.lifeboat(["backup", "snapshots", "--due"]);
}

/** The name that the schedule gives to a time. */
function auto(hours: number): string {
  const [day = "", time = ""] = new Date((midnight + hours * 3_600) * 1_000).toISOString().split("T");
  return `auto-${day.replaceAll("-", "")}-${time.slice(0, 5).replace(":", "")}`;
}

async function names(vmid: number): Promise<string[]> {
  const snapshots = await site.on(node, (client) => client.guests.snapshots({ node, type: "lxc", vmid }));
  return snapshots.map(({ name }) => name).sort();
}

const dueSchema = z.looseObject({
  guests: z.array(
    z.looseObject({
      guest: z.string(),
      taken: z.array(z.string()),
      removed: z.array(z.string()),
      postponed: z.string().optional(),
      problem: z.string().optional(),
    }),
  ),
});

function dueOf({ stdout }: RunResult) {
  return dueSchema.parse(JSON.parse(stdout)).guests;
}

/** Requests that changed something while something was done. */
async function changesWhile(work: () => Promise<unknown>): Promise<string[]> {
  const before = site.requests(node).length;
  await work();
  return site
    .requests(node)
    .slice(before)
    .filter(({ method }) => method !== "GET")
    .map(({ method, path }) => `${method} ${path}`);
}

describe("on a schedule", () => {
  test("a dry run says what is due and sends nothing but GET [K1]", async () => {
    await clock(6.1);
    let result: RunResult | undefined;
    const changes = await changesWhile(
      async () => (result = await site.lifeboat(["backup", "snapshots", "--due", "--dry-run"])),
    );
    expect(changes).toEqual([]);
    expect(result?.stdout).toContain(`prod/thin: would be taken: ${auto(6)}`);
  });

  test("what is due is taken, once, without stopping the guest; a storage without snapshots is named [D13, 000 VI1]", async () => {
    await clock(6.1);
    let first: RunResult | undefined;
    const changes = await changesWhile(
      async () => (first = await site.lifeboat(["backup", "snapshots", "--due", "--json"])),
    );
    expect(changes.sort()).toEqual([`POST /nodes/${node}/lxc/101/snapshot`, `POST /nodes/${node}/lxc/102/snapshot`]);
    expect(first?.code).toBe(3);
    expect(dueOf(first ?? { code: null, stdout: "", stderr: "" })).toEqual([
      expect.objectContaining({ guest: "prod/thin", taken: [auto(6)], removed: [] }),
      expect.objectContaining({ guest: "prod/tank", taken: [auto(6)], removed: [] }),
      expect.objectContaining({
        guest: "prod/folder",
        problem:
          "it can have no snapshots: rootfs lies on storage data (dir), which keeps none of data:103/vm-103-disk-0.raw",
      }),
    ]);
    expect(await changesWhile(() => site.lifeboat(["backup", "snapshots", "--due"]))).toEqual([]);
    await site.on(node, async (client) => {
      const { status, lock } = await client.guests.guestStatus({ node, type: "lxc", vmid: 101 });
      expect([status, lock]).toEqual(["running", undefined]);
    });
  });

  test("rotation removes the schedule's oldest, and nothing that somebody else made", async () => {
    await site.lifeboat(["backup", "snapshot", "thin", "--name", "before-update"]);
    await site.on(node, async (client) => {
      const guest = { node, type: "lxc", vmid: 101 } as const;
      await client.tasks.wait(
        await client.guests.takeSnapshot(guest, "auto-20200101-0600", "looks like the schedule's"),
      );
    });
    for (const hours of [12, 18, 24]) await upTo(hours);
    expect(await names(101)).toEqual(["auto-20200101-0600", auto(18), auto(24), "before-update"]);
    expect(await names(102)).toEqual([auto(18), auto(24)]);
  });

  test("two runs at once, as from two machines, make one snapshot and no fuss", async () => {
    await upTo(24);
    await clock(30.1);
    const machines = [1, 2].map((number) => ({
      env: { XDG_STATE_HOME: join(site.project, `state-${String(number)}`) },
    }));
    const results = await Promise.all(
      machines.map((options) => site.lifeboat(["backup", "snapshots", "--due", "--json"], options)),
    );
    expect(await names(102)).toEqual([auto(24), auto(30)]);
    for (const result of results) {
      for (const { guest, problem } of dueOf(result))
        expect([guest, problem ?? ""]).toEqual([guest, guest === "prod/folder" ? problem : ""]);
    }
  });

  test("a locked guest is postponed, and taken when it is free", async () => {
    await clock(36.1);
    const configuration = `/etc/pve/nodes/${node}/lxc/101.conf`;
    const before = await site.configuration(node, 101);
    await site.control({ command: "write", path: configuration, content: `lock: backup\n${before}` });
    const locked = await site.lifeboat(["backup", "snapshots", "--due", "--json"]);
    expect(dueOf(locked)[0]).toMatchObject({
      guest: "prod/thin",
      taken: [],
      postponed: "Proxmox has it locked (backup)",
    });
    await site.control({ command: "write", path: configuration, content: before });
    expect(dueOf(await site.lifeboat(["backup", "snapshots", "--due", "--json"]))[0]).toMatchObject({
      taken: [auto(36)],
    });
  });

  test("status names a missed snapshot, and a storage that keeps none [D13]", async () => {
    await upTo(36);
    const fine = await site.lifeboat(["status"]);
    expect(fine.stdout).not.toMatch(/snapshot of .* is missing/u);
    expect(fine.stdout).toContain("it can have no snapshots: rootfs lies on storage data (dir)");
    await clock(44);
    const late = await site.lifeboat(["status"]);
    expect(late.code).toBe(3);
    expect(late.stdout).toMatch(
      /✗ thin .*\n(?: {6}.*\n)*? {6}the snapshot of \d{4}-\d\d-\d\d 18:00 is missing \(the newest is of \d{4}-\d\d-\d\d 12:00\)/u,
    );
    expect(late.stdout.match(/snapshot of .* is missing/gu)).toHaveLength(2);
  });

  test("a node that is down: 14", async () => {
    await site.fault("node-unreachable");
    const result = await site.lifeboat(["backup", "snapshots", "--due"]);
    await site.clearFaults();
    expect([result.code, result.stdout]).toEqual([14, expect.stringContaining(site.endpoint(node))]);
  });

  test("the timer's units are ones that systemd takes, and hold no secret [D13]", async () => {
    const env = { LIFEBOAT_PROXMOX_TOKEN: "lifeboat@pve!x=not-a-secret-9", LIFEBOAT_PROJECT: site.project };
    const shell = await site.lifeboat(["backup", "snapshots", "--print-timer"], { env });
    expect(shell.code).toBe(0);
    expect(shell.stdout).toMatch(/^mkdir -p ~\/\.config\/systemd\/user\ncat > /u);
    expect(shell.stdout).not.toContain("not-a-secret-9");
    expect(shell.stderr).toContain("which the timer will not have");
    const home = join(site.project, "home with $ and spaces");
    execFileSync("sh", ["-c", shell.stdout.split("systemctl")[0] ?? ""], {
      env: { PATH: process.env["PATH"] ?? "", HOME: home },
    });
    const unit = join(home, ".config/systemd/user/lifeboat-snapshots.service");
    expect(readFileSync(unit, "utf8")).toMatch(/^ExecStart=.*lifeboat\.cjs backup snapshots --due$/mu);
    expect(readFileSync(unit.replace(".service", ".timer"), "utf8")).toContain("OnCalendar=*:0/5");
  });
});

describe("by hand", () => {
  test("take, list and remove, each said and each as JSON [D12]", async () => {
    await upTo(36);
    await clock(44);
    const taken = await site.lifeboat([
      "backup",
      "snapshot",
      "plain",
      "--name",
      "before-update",
      "--description",
      "kernel",
    ]);
    expect([taken.code, taken.stdout]).toEqual([
      0,
      "Took snapshot before-update of plain.\nTo go back to it: lifeboat restore snapshot prod/plain before-update\n",
    ]);
    const second = await site.lifeboat(["backup", "snapshot", "plain", "--json"]);
    expect(JSON.parse(second.stdout)).toMatchObject({ snapshot: expect.stringMatching(/^manual-\d{8}-\d{6}$/u) });
    const people = await site.lifeboat(["snapshots", "plain"]);
    expect(people.stdout).toMatch(/^NAME .*\nmanual-.*\nbefore-update +\d{4}-.* just now +by hand +kernel\n$/u);
    const list = JSON.parse((await site.lifeboat(["snapshots", "thin", "--json"])).stdout);
    expect(list).toMatchObject({ id: 101, schedule: { schedule: "*/6:00", keep: 2 }, next: midnight + 48 * 3_600 });
    const asked = await site.lifeboat(["backup", "snapshot", "plain", "--remove", "before-update"]);
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining("add --force to confirm it")]);
    expect((await site.lifeboat(["backup", "snapshot", "plain", "--remove", "before-update", "--force"])).code).toBe(0);
    expect(await names(104)).toEqual([JSON.parse(second.stdout).snapshot]);
  });

  test("a name that is taken: 13", async () => {
    const argv = ["backup", "snapshot", "thin", "--name", "taken"];
    expect((await site.lifeboat(argv)).code).toBe(0);
    const { code, stderr } = await site.lifeboat(argv);
    expect([code, stderr]).toEqual([13, expect.stringContaining("thin has a snapshot taken already")]);
  });

  test.each([
    [
      ["backup", "snapshot", "folder"],
      13,
      "a snapshot of folder: it can have no snapshots: rootfs lies on storage data (dir)",
    ],
    [["backup", "snapshot", "thin", "--name", "1x"], 2, "'1x' cannot be the name of a snapshot"],
    [["backup", "snapshot", "thin", "--name", "current"], 2, "'current' cannot be the name of a snapshot"],
    [["backup", "snapshot", "thin", "--name", "auto-20261121-0600"], 2, "are the schedule's"],
    [["backup", "snapshot", "thin", "--remove", "no-such"], 10, "thin has no such snapshot"],
    [["backup", "snapshots"], 2, "say what to do: --due, or --print-timer"],
    [["backup", "snapshots", "--due", "--print-timer"], 2, "say what to do: --due, or --print-timer"],
    [["snapshots", "folder"], 10, "there are none"],
  ])("%j: %i, and why", async (argv, code, message) => {
    const result = await site.lifeboat(argv);
    expect([result.code, result.stdout]).toEqual([code, ""]);
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toMatch(/^ {4}at /mu);
  });

  test("a dry run takes nothing, and shows its plan [K1]", async () => {
    let result: RunResult | undefined;
    const argv = ["backup", "snapshot", "plain", "--name", "later", "--dry-run", "--json"];
    expect(await changesWhile(async () => (result = await site.lifeboat(argv)))).toEqual([]);
    expect(JSON.parse(result?.stdout ?? "").plan).toMatchObject({
      guest: "prod/plain",
      snapshot: "later",
      steps: [{ id: "take", does: "take snapshot later of plain, which goes on meanwhile" }],
      flags: [],
    });
  });
});

test.each([
  [["backup", "--dry-run", "snapshot", "plain"], "--dry-run stands before the last word of the command"],
  [["backup", "--env", "prod", "snapshots", "--due"], "--env stands before the last word of the command"],
])("%j: a flag of 'backup' does not get lost", async (argv, message) => {
  const changes = await changesWhile(async () => {
    const { code, stderr } = await site.lifeboat(argv);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
  expect(changes).toEqual([]);
});

test("settings: a schedule that is none and a number that keeps nothing are told with their paths [A6]", async () => {
  const file = join(site.project, "Pulumi.prod.yaml");
  const before = readFileSync(file, "utf8");
  writeFileSync(file, before.replace('"*/6:00", keep: 2', '"now and then", keep: 0'));
  const { code, stderr } = await site.lifeboat(["backup", "snapshots", "--due", "--env", "prod"]);
  writeFileSync(file, before);
  expect(code).toBe(2);
  expect(stderr).toContain("guests.thin.snapshots.schedule");
  expect(stderr).toContain("guests.thin.snapshots.keep");
});
