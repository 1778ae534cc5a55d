import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findMonitors, runs } from "../../../../sandbox/drivers/real/container-processes";

/** Processes with the titles that LXC's monitors have stand in for them: whether a container runs is read from those. */

let folder: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-monitors-"));
});

afterEach(async () => {
  for (const child of started.splice(0)) await end(child);
  rmSync(folder, { recursive: true, force: true });
});

/** A monitor as `lxc-start` leaves it: its init is there, with the monitor's title, since it is not `/sbin/init` yet. */
async function startMonitor(name: string): Promise<ChildProcess> {
  const program = '$0 = shift; $| = 1; my $init = fork; print "ready\\n" if $init; <STDIN>;';
  const child = spawn("perl", ["-e", program, `[lxc monitor] ${folder} ${name}`]);
  started.push(child);
  await new Promise((ready) => child.stdout.once("data", ready));
  return child;
}

/** Both of them read until their input ends. */
async function end(child: ChildProcess): Promise<void> {
  const ended = child.exitCode === null ? new Promise((done) => child.once("close", done)) : undefined;
  child.stdin?.end();
  await ended;
}

test("a container that has only just started runs, though its init still has its monitor's title", async () => {
  await startMonitor("web");
  expect(findMonitors(folder).get("web")).toHaveLength(2);
  expect(await runs(folder, "web")).toBe(true);
  expect([await runs(folder, "we"), await runs(folder, "web2")]).toEqual([false, false]);
  expect(await runs(join(folder, "other"), "web")).toBe(false);
});

test("it runs until its monitor has ended", async () => {
  const monitor = await startMonitor("web");
  expect(await runs(folder, "web")).toBe(true);
  await end(monitor);
  expect(await runs(folder, "web")).toBe(false);
});
