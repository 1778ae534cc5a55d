import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { type CommandResult } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// A virtual machine's life with the real provider: made, changed in place, deleted. It runs in the emulator's records only.
const parent = mkdtempSync(join(tmpdir(), "lifeboat-machine-"));
const printed: string[] = [];
const site = new DemoSite(join(parent, "site"), "memory", (line) => printed.push(line));
const settings = join(site.folder, "project", "Pulumi.prod.yaml");
const backup = { exclude: "scratch", owner: "ops", until: "2035-12-31" };
let example = "";

const machine = {
  kind: "virtual-machine",
  id: 150,
  started: false,
  memory: "512MiB",
  disks: {
    scsi0: { storage: "local", size: "2GiB" },
    scsi1: { storage: "local", size: "1GiB", backup },
  },
  network: { bridge: "vmbr0", address: "192.0.2.150/24", gateway: "192.0.2.1" },
  cloudInit: { storage: "local", user: "ops", nameservers: ["192.0.2.1"] },
};

const changed = {
  memory: "1GiB",
  disks: {
    scsi0: { storage: "local", size: "3GiB" },
    scsi1: { storage: "local", size: "1GiB" },
    scsi2: { storage: "local", size: "1GiB" },
  },
};

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "memory", "--port", "8107"), [0], "the sandbox");
  expectExit(await pulumi("stack", "init", "prod"), [0], "pulumi stack init");
  example = readFileSync(settings, "utf8");
}, firstUseLimit);

afterAll(async () => {
  await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

function pulumi(...words: string[]): Promise<CommandResult> {
  return site.inside("pulumi", ...words, "--non-interactive");
}

/** Deploys the machine with these changes and nothing else; twice, and the second time nothing changes. */
async function deploy(changes: Readonly<Record<string, unknown>>): Promise<string> {
  const document = parseDocument(example);
  document.setIn(["config", "lifeboat:guests"], document.createNode({ db: { ...machine, ...changes } }));
  document.setIn(["config", "lifeboat:protectGuests"], false);
  writeFileSync(settings, document.toString({ lineWidth: 0 }));
  const { stdout } = expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up");
  const clean = ["preview", "-s", "prod", "--refresh", "--expect-no-changes"];
  expectExit(await pulumi(...clean), [0], "a preview that finds nothing");
  return stdout;
}

/** The volume of a drive. */
function volume(text: unknown): string {
  return String(text).split(",")[0] ?? "";
}

/** The machine as the node has it. */
async function configuration(): Promise<Record<string, unknown>> {
  const { stdout } = expectExit(await site.byHand("show", "prod", "150"), [0], "its configuration");
  return JSON.parse(stdout);
}

async function status(): Promise<string> {
  const { stdout } = expectExit(await site.byHand("status", "prod", "150"), [0], "its status");
  return JSON.parse(stdout).status;
}

async function requests(): Promise<string> {
  return (await site.sandbox("requests", "--json")).stdout;
}

test("made with a flag on every disk, and unchanged by a second preview after a refresh [A1, A2]", async () => {
  expect(await deploy({})).toMatch(/\+ \d+ created/);
  const made = await configuration();
  expect(made).toMatchObject({ name: "db", ciuser: "ops", ide2: expect.stringContaining("cloudinit") });
  expect(made["scsi0"]).toMatch(/backup=1.*size=2G/u);
  expect(made["scsi1"]).toMatch(/backup=0.*size=1G/u);
  const { stdout } = expectExit(await site.byHand("coverage", "prod"), [0], "the job's coverage");
  expect(JSON.parse(stdout)).toEqual({ "150:scsi0": true, "150:scsi1": false });
});

test("a flag, a grown disk, a new disk and memory change in place, with every volume where it was [A2, A11]", async () => {
  const before = await configuration();
  const said = await deploy(changed);
  expect(said).not.toMatch(/replaced|deleted/u);
  const after = await configuration();
  expect(volume(after["scsi0"])).toBe(volume(before["scsi0"]));
  expect(volume(after["scsi1"])).toBe(volume(before["scsi1"]));
  expect(after["scsi0"]).toMatch(/size=3G/u);
  expect(after["scsi1"]).toMatch(/backup=1/u);
  expect(after["scsi2"]).toMatch(/backup=1.*size=1G/u);
  expect(after).toMatchObject({ memory: "1024" });
});

test("started and stopped by its settings [A2]", async () => {
  await deploy({ ...changed, started: true });
  expect(await status()).toBe("running");
  await deploy(changed);
  expect(await status()).toBe("stopped");
});

test("destroyed over the API alone, and its job with it [A1]", async () => {
  expectExit(await pulumi("destroy", "-s", "prod", "--yes"), [0], "pulumi destroy");
  expect((await site.byHand("show", "prod", "150")).exitCode).not.toBe(0);
  expect(await requests()).not.toMatch(/"status":\s?501/u);
});
