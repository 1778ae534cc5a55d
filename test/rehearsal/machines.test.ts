import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseDocument } from "yaml";
import * as z from "zod";
import { linesRun } from "../support/docs/lines-run";
import { timed } from "../support/timed";
import { type CommandResult, typeScript } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// A virtual machine that boots, and a container: made by the real provider, backed up while they run, restored in place and beside.
const parent = mkdtempSync(join(tmpdir(), "lifeboat-machines-"));
const site = new DemoSite(join(parent, "site"), "real", () => undefined);
const settings = join(site.folder, "project", "Pulumi.prod.yaml");
const address = "192.0.2.150";
const copy = "950";
const containerAddress = "192.0.2.151";
const containerCopy = "951";
const drill = { bridge: "vmbr9", ids: { from: 9000, to: 9009 } };
const rootPasswordFile = "LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE";

const machine = {
  kind: "virtual-machine",
  id: 150,
  memory: "384MiB",
  agent: true,
  disks: {
    scsi0: {
      storage: "local",
      size: "3GiB",
      format: "qcow2",
      image: "local:import/debian-12-genericcloud-amd64.qcow2",
    },
  },
  network: { bridge: "vmbr0", address: `${address}/24`, gateway: "192.0.2.1" },
  cloudInit: { storage: "local", user: "root" },
};

const container = {
  kind: "container",
  id: 151,
  template: "local:vztmpl/debian-12-standard_amd64.tar.zst",
  root: { storage: "local", size: "2GiB" },
  network: { bridge: "vmbr0", address: `${containerAddress}/24`, gateway: "192.0.2.1" },
};

// A machine with emulated processors boots for a minute on an idle core, and for several on a busy one.
jest.setTimeout(30 * 60_000);

beforeAll(async () => {
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "real", "--machines"), [0], "the sandbox");
  expectExit(await pulumi("stack", "init", "prod"), [0], "pulumi stack init");
  const document = parseDocument(readFileSync(settings, "utf8"));
  document.setIn(["config", "lifeboat:guests"], document.createNode({ db: machine, web: container }));
  document.setIn(["config", "lifeboat:protectGuests"], false);
  document.setIn(["config", "lifeboat:drill"], document.createNode(drill));
  writeFileSync(settings, document.toString({ lineWidth: 0 }));
}, firstUseLimit);

afterAll(async () => {
  delete process.env[rootPasswordFile];
  await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
}, 5 * 60_000);

function pulumi(...words: string[]): Promise<CommandResult> {
  return site.inside("pulumi", ...words, "--non-interactive");
}

async function lifeboat(...words: string[]): Promise<string> {
  const { stdout, stderr } = expectExit(await site.inside("lifeboat", ...words), [0], `lifeboat ${words.join(" ")}`);
  return stdout + stderr;
}

/** Runs in the machine, over SSH. */
async function inMachine(command: string): Promise<string> {
  return expectExit(await site.ssh(address, command), [0], `'${command}' in the machine`).stdout.trim();
}

/** Runs in the container, over SSH. */
async function inContainer(command: string): Promise<string> {
  return expectExit(await site.ssh(containerAddress, command), [0], `'${command}' in the container`).stdout.trim();
}

/** SSH listens later than the agent: its keys are made at the first boot. */
async function untilSshAnswers(): Promise<void> {
  while ((await site.ssh(address, "true")).exitCode !== 0) await sleep(2000);
}

async function cleanPreview(): Promise<void> {
  const preview = await pulumi("preview", "-s", "prod", "--refresh", "--expect-no-changes");
  expectExit(preview, [0], "a preview that finds nothing");
}

async function status(id: string): Promise<string> {
  const { stdout } = expectExit(await site.byHand("status", "prod", id), [0], `the status of ${id}`);
  return JSON.parse(stdout).status;
}

test("made by pulumi up without SSH to the node: it boots, lets one in, and a second preview is clean [A2, B1]", async () => {
  expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up");
  await untilSshAnswers();
  expect(await inMachine("hostname")).toBe("db");
  expect(Number(await inMachine("df --output=size -BM / | tail -1 | tr -dc 0-9"))).toBeGreaterThan(2500);
  await cleanPreview();
});

test("its disk grows while it runs, and its file system by the page's lines, typed in it [A11, K1]", async () => {
  const document = parseDocument(readFileSync(settings, "utf8"));
  document.setIn(["config", "lifeboat:guests", "db", "disks", "scsi0", "size"], "4GiB");
  writeFileSync(settings, document.toString({ lineWidth: 0 }));
  await lifeboat("grow", "db", "--force");
  for (const line of Object.keys(linesRun["rehearsal/machines"] ?? {})) await inMachine(line);
  expect(Number(await inMachine("df --output=size -BM / | tail -1 | tr -dc 0-9"))).toBeGreaterThan(3500);
  await cleanPreview();
});

test("backed up while they run, the machine with its file systems frozen [D1]", async () => {
  await inMachine("echo before > /root/kept && sync");
  await inContainer("echo before > /root/kept && sync");
  await lifeboat("backup", "db");
  await lifeboat("backup", "web");
  expect([await status("150"), await status("151")]).toEqual(["running", "running"]);
  await inMachine("echo after > /root/kept && touch /root/later && sync");
  await inContainer("echo after > /root/kept && touch /root/later && sync");
});

test("restored in place: the archive's files, agent and SSH answer, and the program finds nothing to change [D1, D4, D11, 004 US1.1, 004 US1.6]", async () => {
  const said = await timed("L1", "a virtual machine restored in place and proven", () =>
    lifeboat("restore", "guest", "db", "--force", "--stop", "--check-timeout", "900"),
  );
  expect(said).toMatch(/its guest agent answers/u);
  await timed("L1", "a container restored in place and proven", () =>
    lifeboat("restore", "guest", "web", "--force", "--stop"),
  );
  expect(await inMachine("cat /root/kept; ls /root")).toBe("before\nkept");
  expect(await inContainer("cat /root/kept; ls /root")).toBe("before\nkept");
  await cleanPreview();
});

/** The bridge of drills: somebody makes it in the web interface. Applying a node's network changes nothing in the kernel here. */
async function makeDrillBridge(): Promise<void> {
  process.env[rootPasswordFile] = join(site.folder, "keys", "root-password");
  const byHand = [process.execPath, ...typeScript("test/rehearsal/support/drill-guests.ts"), "make", drill.bridge];
  expectExit(await site.inside(...byHand), [0], "the bridge in the node's settings");
  expectExit(await site.inside("ip", "link", "add", drill.bridge, "type", "bridge"), [0], "the bridge");
  expectExit(await site.inside("ip", "link", "set", drill.bridge, "addrgenmode", "none", "up"), [0], "the bridge");
}

const drilledSchema = z.object({
  guests: z.array(z.object({ guest: z.string(), result: z.string(), reasons: z.array(z.string()) })),
});

test("drilled where nothing leads out: agent, ping and SSH of the machine's copy, the originals run on, and no copy is left [G2]", async () => {
  await makeDrillBridge();
  const words = ["drill", "--force", "--check-timeout", "900", "--json"];
  const run = await site.inside("lifeboat", ...words);
  const { guests } = drilledSchema.parse(JSON.parse(expectExit(run, [0], "the drill").stdout));
  expect(guests).toEqual(["prod/db", "prod/web"].map((guest) => ({ guest, result: "proven", reasons: [] })));
  expect([await inMachine("hostname"), await inContainer("hostname")]).toEqual(["db", "web"]);
  expect((await site.sandbox("status")).stdout).not.toMatch(/(?:guest +|-)900\d\b/u);
});

test("restored beside, while the originals run; undo deletes the copies alone [D10, D16, 004 US1.7]", async () => {
  await timed("L1", "a virtual machine restored beside its original", () =>
    lifeboat("restore", "guest", "db", "--target-id", copy, "--force"),
  );
  await timed("L1", "a container restored beside its original", () =>
    lifeboat("restore", "guest", "web", "--target-id", containerCopy, "--force"),
  );
  const all = ["150", copy, "151", containerCopy];
  expect(await Promise.all(all.map(status))).toEqual(all.map(() => "running"));
  // The address is the original's: a copy does not answer in its place.
  expect([await inMachine("hostname"), await inMachine("cat /root/kept")]).toEqual(["db", "before"]);
  expect([await inContainer("hostname"), await inContainer("cat /root/kept")]).toEqual(["web", "before"]);
  for (const name of ["db", "web"]) await lifeboat("undo", name, "--force", "--stop");
  for (const id of [copy, containerCopy]) expect((await site.byHand("status", "prod", id)).exitCode).not.toBe(0);
  expect([await status("150"), await status("151")]).toEqual(["running", "running"]);
});
