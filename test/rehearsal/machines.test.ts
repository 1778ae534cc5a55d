import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseDocument } from "yaml";
import { timed } from "../support/timed";
import { type CommandResult } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// A virtual machine that boots: made by the real provider, backed up while it runs, restored in place and beside.
const parent = mkdtempSync(join(tmpdir(), "lifeboat-machines-"));
const site = new DemoSite(join(parent, "site"), "real", () => undefined);
const settings = join(site.folder, "project", "Pulumi.prod.yaml");
const address = "192.0.2.150";
const copy = "950";

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

// A machine with emulated processors boots for a minute on an idle core, and for several on a busy one.
jest.setTimeout(30 * 60_000);

beforeAll(async () => {
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "real", "--machines"), [0], "the sandbox");
  expectExit(await pulumi("stack", "init", "prod"), [0], "pulumi stack init");
  const document = parseDocument(readFileSync(settings, "utf8"));
  document.setIn(["config", "lifeboat:guests"], document.createNode({ db: machine }));
  document.setIn(["config", "lifeboat:protectGuests"], false);
  writeFileSync(settings, document.toString({ lineWidth: 0 }));
}, firstUseLimit);

afterAll(async () => {
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

test("backed up while it runs, with its file systems frozen [D1]", async () => {
  await inMachine("echo before > /root/kept && sync");
  await lifeboat("backup", "db");
  expect(await status("150")).toBe("running");
  await inMachine("echo after > /root/kept && touch /root/later && sync");
});

test("restored in place: the archive's files, agent and SSH answer, and the program finds nothing to change [D1, D4, D11]", async () => {
  const said = await timed("L1", "a virtual machine restored in place and proven", () =>
    lifeboat("restore", "guest", "db", "--force", "--stop", "--check-timeout", "900"),
  );
  expect(said).toMatch(/its guest agent answers/u);
  expect(await inMachine("cat /root/kept; ls /root")).toBe("before\nkept");
  await cleanPreview();
});

test("restored beside, while the original runs; undo deletes the copy alone [D10, D16]", async () => {
  await lifeboat("restore", "guest", "db", "--target-id", copy, "--force");
  expect([await status("150"), await status(copy)]).toEqual(["running", "running"]);
  expect(await inMachine("cat /root/kept")).toBe("before");
  await lifeboat("undo", "db", "--force", "--stop");
  expect((await site.byHand("status", "prod", copy)).exitCode).not.toBe(0);
  expect(await status("150")).toBe("running");
});
