import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import * as z from "zod";
import { isSavePoint } from "../../../site/restore/save-point";
import { RestoreSite, node } from "./restore-site";
import { inSavePoint } from "../support/held-tasks";
import type { RunResult } from "../support/run-bundle";

const three = [101, 102, 103];

let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web" },
    { id: 102, name: "db" },
    { id: 103, name: "mail" },
    { id: 104, name: "none" },
    { id: 105, name: "cached", withCache: true },
  ]);
  for (const vmid of [...three, 105]) await site.backUp(vmid);
});

afterAll(() => site.stop());

afterEach(() => site.clearFaults());

async function memories(vmids: readonly number[] = three): Promise<(string | undefined)[]> {
  const configurations = vmids.map((vmid) => site.client.guests.guestConfig({ node, type: "lxc", vmid }));
  return (await Promise.all(configurations)).map((configuration) => configuration["memory"]);
}

/** The guests differ from their archives from now on. */
async function change(vmids: readonly number[] = three): Promise<void> {
  for (const vmid of vmids) await site.client.guests.setGuestConfig({ node, type: "lxc", vmid }, { memory: 640 });
}

async function pictures(vmids: readonly number[]): Promise<unknown[]> {
  return Promise.all(vmids.map((vmid) => site.picture(vmid)));
}

/** Runs a command that must be refused, and proves that nothing was asked for and nothing is different. */
async function refused(vmids: readonly number[], argv: readonly string[]): Promise<RunResult> {
  const before = await pictures(vmids);
  const requests = site.requests().length;
  const result = await site.lifeboat(argv);
  const sent = site.requests().slice(requests);
  expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
  expect(await pictures(vmids)).toEqual(before);
  return result;
}

function restores(vmid: number): number {
  return site
    .requests()
    .filter(({ method, path }) => method === "POST" && path === `/nodes/${node}/lxc`)
    .filter(({ parameters }) => parameters["vmid"] === String(vmid)).length;
}

test("one plan for guests that are restored together: what becomes of each, the room for all together, and nothing but GET [D5, D9, K1]", async () => {
  const result = await refused(three, ["restore", "guest", "web", "prod/db", "103", "--dry-run", "--json"]);
  expect(result.code).toBe(0);
  const { plan } = JSON.parse(result.stdout);
  expect(plan.guests.map(({ guest }: { guest: string }) => guest)).toEqual(["prod/web", "prod/db", "prod/mail"]);
  // Two at a time: the third begins when the volumes of one before it are given back.
  const gibibyte = 1024 ** 3;
  expect(plan.space.map(({ storage, sizes }: { storage: string; sizes: number }) => [storage, sizes])).toEqual([
    ["local", 2 * gibibyte],
    ["data", 4 * gibibyte],
  ]);
  expect(plan.flags).toEqual(["--stop", "--force"]);
});

test("guests that are restored together come back with one consent, are proven, and each can be taken back by itself [D1, D5, D6, K1]", async () => {
  await change();
  const missing = await refused(three, ["restore", "guest", "web", "db", "mail", "--force"]);
  expect([missing.code, missing.stderr]).toEqual([13, expect.stringContaining("HINT: add --stop if that is what")]);
  const result = await site.lifeboat(["restore", "guest", "web", "db", "mail", "--force", "--stop", "--json"]);
  expect(result.code).toBe(0);
  const report = JSON.parse(result.stdout);
  expect(report.guests.map(({ guest, result: word }: Record<string, string>) => [guest, word])).toEqual([
    ["prod/web", "restored"],
    ["prod/db", "restored"],
    ["prod/mail", "restored"],
  ]);
  expect(report.comparisons).toEqual([
    { environment: "prod", findings: [expect.objectContaining({ severity: "todo" })] },
  ]);
  expect(await memories()).toEqual(["512", "512", "512"]);
  const undone = await site.lifeboat(["undo", "db", "--force", "--stop"]);
  expect([undone.code, await memories()]).toEqual([0, ["512", "640", "512"]]);
});

test("a guest that cannot be restored stops all before anything is touched, or is left out with --skip-refused [K1, K2]", async () => {
  await change();
  const all = ["restore", "guest", "web", "none", "--force", "--stop"];
  const stopped = await refused([101, 104], all);
  expect([stopped.code, stopped.stdout]).toEqual([10, ""]);
  expect(stopped.stderr).toContain("prod/none: there is no archive of guest 104");
  expect(stopped.stderr).toContain(
    "Unable to restore guests web, none: prod/none cannot be restored; nothing was changed",
  );
  expect(stopped.stderr).toContain("add --skip-refused");
  const done = await site.lifeboat([...all, "--skip-refused", "--json"]);
  const { guests } = JSON.parse(done.stdout);
  expect(guests).toMatchObject([
    { guest: "prod/web", result: "restored" },
    { guest: "prod/none", result: "left out", exitCode: 10 },
  ]);
  expect([done.code, await memories([101])]).toEqual([3, ["512"]]);
});

test("each further loss wants its own consent, for the guests that have it [D7, K1]", async () => {
  const both = ["restore", "guest", "web", "cached", "--force", "--stop"];
  const result = await refused([101, 105], both);
  expect([result.code, result.stderr]).toEqual([
    13,
    expect.stringContaining("cached: the archive has nothing for mp1 (/var/cache/app), which would be lost"),
  ]);
  const wrong = await refused([101, 105], [...both, "--accept-loss", "--without-save-point=db"]);
  expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("names db, which is not among the guests")]);
  const savePoints = async (vmid: number) =>
    (await site.archives(vmid)).filter(({ notes }) => isSavePoint(notes ?? "")).length;
  const before = [await savePoints(101), await savePoints(105)];
  const done = await site.lifeboat([...both, "--accept-loss", "--without-save-point=cached"]);
  expect([done.code, await savePoints(101), await savePoints(105)]).toEqual([0, (before[0] ?? 0) + 1, before[1]]);
});

test("flags that name one thing are refused for more than one guest [K2]", async () => {
  for (const flag of [
    ["--target-id", "901"],
    ["--archive", "backup:x"],
  ]) {
    const result = await refused([101], ["restore", "guest", "web", "db", ...flag, "--force"]);
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining("is for one guest, and 2 are named")]);
  }
  expect((await site.lifeboat(["restore", "guest"])).code).toBe(2);
  expect((await site.lifeboat(["restore", "guest", "web", "--all"])).code).toBe(2);
  expect((await site.lifeboat(["restore", "guest", "--env", "prod"])).code).toBe(2);
  const everyone = await site.lifeboat([
    "restore",
    "guest",
    "--all",
    "--env",
    "prod",
    "--dry-run",
    "--skip-refused",
    "--json",
  ]);
  expect(JSON.parse(everyone.stdout).plan.guests).toHaveLength(4);
});

test("the failure of one leaves the others going: exit 3, its way back is named, the same command resumes it alone [D6, K2, K4]", async () => {
  await change();
  await site.fault("task-dies", { type: "vzrestore", at: "extracting", times: "1" });
  const command = ["restore", "guest", "web", "db", "mail", "--force", "--stop", "--parallel", "1", "--json"];
  const failed = await site.lifeboat(command);
  const { guests, resume } = JSON.parse(failed.stdout);
  expect(failed.code).toBe(3);
  expect(guests).toMatchObject([
    { guest: "prod/web", result: "failed", hint: expect.stringContaining("lifeboat undo prod/web") },
    { guest: "prod/db", result: "restored" },
    { guest: "prod/mail", result: "restored" },
  ]);
  expect(resume).toBe("lifeboat restore guest prod/web prod/db prod/mail --parallel 1 --stop --force");
  expect([await site.exists(101), await memories([102, 103])]).toEqual([false, ["512", "512"]]);
  const before = three.map(restores);
  const again = await site.lifeboat(command);
  expect([again.code, await site.running(101)]).toEqual([0, true]);
  expect(three.map(restores)).toEqual([(before[0] ?? 0) + 1, before[1], before[2]]);
});

test("killed before anything is overwritten: others are told the batch's command, and a member resumed alone is not planned anew [K2, K4]", async () => {
  await change();
  const both = ["restore", "guest", "web", "db", "--force", "--stop", "--parallel", "1"];
  const { code } = await site.lifeboat(both, {
    onWrite: ({ moment, text }, running) => {
      if (moment === "after" && /"recheck": \{\s+"state": "done"/u.test(text)) running.signal("SIGKILL");
    },
  });
  expect(code).toBeNull();
  const resume = "lifeboat restore guest prod/web prod/db --parallel 1 --stop --force";
  const other = await site.lifeboat(["restore", "snapshot", "web", "x", "--force"]);
  expect([other.code, other.stderr]).toEqual([11, expect.stringContaining(`HINT: resume it: ${resume}; or take`)]);
  const alone = await site.lifeboat(["restore", "guest", "web", "--force", "--stop"]);
  expect([alone.code, alone.stderr]).toEqual([0, expect.stringContaining("A restore of prod/web begun at")]);
  expect(alone.stderr).not.toContain("it would be planned in another way");
  const rest = await site.lifeboat(both);
  expect([rest.code, await memories([101, 102])]).toEqual([0, ["512", "512"]]);
  expect(rest.stdout).toContain("Restored 1 of 2 guests, 1 before");
});

test("one of a batch that is half done can be taken back alone, and another request has to wait for it [K4]", async () => {
  await change();
  await site.fault("task-dies", { type: "vzrestore", at: "extracting", times: "1" });
  const failed = await site.lifeboat(["restore", "guest", "web", "db", "--force", "--stop", "--parallel", "1"]);
  expect([failed.code, failed.stdout]).toEqual([3, expect.stringContaining("Restored 1 of 2 guests")]);
  const other = await site.lifeboat(["restore", "guest", "web", "mail", "--force", "--stop"]);
  expect([other.code, other.stderr]).toEqual([
    11,
    expect.stringContaining("prod/web cannot be restored; nothing was changed"),
  ]);
  const undone = await site.lifeboat(["undo", "web", "--force"]);
  expect([undone.code, await memories([101])]).toEqual([0, ["640"]]);
  const before = restores(102);
  const fresh = await site.lifeboat(["restore", "guest", "web", "db", "--force", "--stop"]);
  expect([fresh.code, await memories([101]), restores(102) - before]).toEqual([0, ["512"], 0]);
  expect(fresh.stdout.replaceAll(/\s+/gu, " ")).toMatch(/prod\/db ended at \S+ already and is not restored again/u);
});

test("killed when all had ended: they are told with their times, not as proven; days later all are planned anew [K2, K4]", async () => {
  const command = ["restore", "guest", "web", "db", "--force", "--stop", "--parallel", "1"];
  const killed = async (): Promise<void> => {
    let ended = 0;
    const { code } = await site.lifeboat(command, {
      onWrite: ({ moment, text }, running) => {
        if (moment !== "after" || !/^ {2}"state": "done"/mu.test(text)) return;
        ended += 1;
        if (ended === 2) running.signal("SIGKILL");
      },
    });
    expect(code).toBeNull();
  };
  await killed();
  await change([101, 102]);
  const told = await site.lifeboat([...command]);
  expect([told.code, await memories([101, 102])]).toEqual([0, ["640", "640"]]);
  expect(told.stdout).toMatch(/^Restored 0 of 2 guests, 2 before, in [^]*prod\/web +ended before +\d{4}-/u);
  expect(told.stdout.replaceAll(/\s+/gu, " ")).toMatch(/prod\/web ended at \S+ already and is not restored again/u);
  expect(told.stdout).not.toContain("proven");
  await killed();
  await change([101, 102]);
  for (const name of readdirSync(site.stateFolder("prod")).filter((one) => /^10[12]-.*json$/u.test(one))) {
    const path = join(site.stateFolder("prod"), name);
    const aged = readFileSync(path, "utf8").replaceAll(
      /"updatedAt": "[^"]+"/gu,
      '"updatedAt": "2026-01-01T00:00:00.000Z"',
    );
    writeFileSync(path, aged);
  }
  const anew = await site.lifeboat([...command, "--json"]);
  expect([anew.code, await memories([101, 102])]).toEqual([0, ["512", "512"]]);
  expect(JSON.parse(anew.stdout).guests).toMatchObject([{ result: "restored" }, { result: "restored" }]);
});

test("Ctrl-C: 130, what each guest is at is shown, and the same command resumes all [K4]", async () => {
  await change();
  await site.fault("task-waits", inSavePoint);
  const command = ["restore", "guest", "web", "db", "mail", "--force", "--stop"];
  const before = site.requests().length;
  const isBackingUp = (): boolean =>
    site
      .requests()
      .slice(before)
      // Two are prepared at once, and one is backed up at a time: whichever comes first.
      .some(({ method, path }) => method === "GET" && /:vzdump:10[12]:/u.test(path));
  let pid = 0;
  const run = site.lifeboat(command, { onSpawn: (spawned) => (pid = spawned) });
  while (!isBackingUp()) await pause(20);
  process.kill(pid, "SIGINT");
  const interrupted = await run;
  expect(interrupted.code).toBe(130);
  expect(interrupted.stderr).toMatch(/prod\/(?:web|db): stopped in step 'save-point\/take'/u);
  expect(interrupted.stderr).toContain("prod/mail: not begun");
  expect(interrupted.stderr).toContain(
    "HINT: to resume: lifeboat restore guest prod/web prod/db prod/mail --stop --force",
  );
  await site.clearFaults();
  const result = await site.lifeboat(command);
  expect([result.code, await memories()]).toEqual([0, ["512", "512", "512"]]);
  expect(result.stderr).toContain("Still to do: prod/web, prod/db, prod/mail");
});

test("a member that was given up half done is planned anew, and not reported as restored [D5, K4]", async () => {
  await change(three);
  const command = ["restore", "guest", "web", "db", "mail", "--force", "--stop"];
  await site.fault("worker-killed", { type: "vzrestore", at: "destroyed", times: "1" });
  const failed = await site.lifeboat([...command, "--parallel", "1", "--json"]);
  const lost = z
    .object({ guests: z.array(z.object({ guest: z.string(), result: z.string() })) })
    .parse(JSON.parse(failed.stdout))
    .guests.filter(({ result }) => result === "failed")
    .map(({ guest }) => guest);
  expect([failed.code, lost]).toEqual([3, [expect.any(String)]]);
  const [name = ""] = lost;
  const given = await site.lifeboat(["abandon", name, "--force"]);
  expect([given.code, given.stdout]).toEqual([
    0,
    expect.stringMatching(/Abandoned a restore of prod\/[\s\S]*To take back what it did: lifeboat undo prod\//u),
  ]);
  const again = await site.lifeboat([...command, "--parallel", "1"]);
  expect([again.code, again.stderr]).toEqual([13, expect.stringContaining("is locked on its node (create)")]);
  const vmid = { "prod/web": 101, "prod/db": 102, "prod/mail": 103 }[name] ?? 0;
  await site.setLock(vmid);
  const undone = await site.lifeboat(["undo", name, "--force", "--stop"]);
  expect([undone.code, await site.running(vmid), await memories([vmid])]).toEqual([0, true, ["640"]]);
});
