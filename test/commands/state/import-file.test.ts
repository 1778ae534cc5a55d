import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { requireSuccess } from "../../../proxmox/api/tasks";
import { createSecretBox, openSecrets } from "../../../scripts/project/passphrase";
import { markOf } from "../../../site/mark";
import { AdoptedSite } from "../support/adopted-site";
import type { RunOptions } from "../support/run-bundle";

/** A site with guests that the settings want to be made, and no state of Pulumi's anywhere. */
let site: AdoptedSite;
let salt: string;
const passphrase = "rhubarb crumble";
const template = "local:vztmpl/debian-12-standard_amd64.tar.zst";

const fileSchema = z.object({
  resources: z.array(
    z.object({
      type: z.string(),
      logicalName: z.string(),
      id: z.string().optional(),
      inputs: z.record(z.string(), z.unknown()).optional(),
      outputs: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
});

beforeAll(async () => {
  ({ salt } = await createSecretBox(passphrase));
  site = await AdoptedSite.start([{ name: "prod", node: "pve-prod", profile: "prod", guests: [] }].map(withOne));
  await make("lxc", 101, { hostname: "web", description: mark("web"), mp0: "local:1,mp=/srv,backup=1" });
  await make("lxc", 102, { hostname: "db", description: "made by hand" });
  await make("qemu", 150, {
    name: "machine",
    description: mark("machine"),
    scsi0: "local:2",
    net0: "virtio,bridge=vmbr0",
  });
});

afterAll(() => site.stop());

beforeEach(() => writeSettings({}));

/** The job of the site's own making needs a guest. */
function withOne<Declared extends { name: string }>(environment: Declared) {
  return { ...environment, guests: [{ id: 140, name: "legacy" }], node: "pve-prod", profile: "prod" as const };
}

function mark(guest: string): string {
  return markOf({ environment: "prod", guest });
}

function make(type: "lxc" | "qemu", vmid: number, parameters: Record<string, string>): Promise<void> {
  const container = { ostemplate: template, rootfs: "local:1", net0: "name=eth0,bridge=vmbr0,ip=dhcp" };
  return site.on("pve-prod", async (client) => {
    const form = { vmid, ...(type === "lxc" ? container : {}), ...parameters };
    const upid = z.string().parse(await client.post(["nodes", "pve-prod", type], form));
    requireSuccess(await client.tasks.wait(upid));
  });
}

const container = (id: number, disks = "{}") =>
  `{ kind: container, id: ${String(id)}, template: "${template}", root: { storage: local, size: 1GiB }, disks: ${disks}, network: { bridge: vmbr0, address: dhcp } }`;

const web = container(101, "{ data: { mount: /srv, storage: local, size: 1GiB } }");
const machine =
  "{ kind: virtual-machine, id: 150, disks: { scsi0: { storage: local, size: 2GiB } }, network: { bridge: vmbr0, address: dhcp } }";

function writeSettings(other: { readonly guests?: readonly string[]; readonly salt?: string | undefined }): void {
  const { guests = [`web: ${web}`, `machine: ${machine}`] } = other;
  const lines = [
    ...("salt" in other ? [] : [`encryptionsalt: ${salt}`]),
    "config:",
    "  lifeboat:profile: prod",
    `  lifeboat:proxmox: { endpoint: "${site.endpoint("pve-prod")}", node: pve-prod, ca: site-ca.pem }`,
    "  lifeboat:backup: { storage: { id: backup, type: dir, path: /mnt/backup } }",
    "  lifeboat:guests:",
    ...guests.map((guest) => `    ${guest}`),
    "",
  ];
  writeFileSync(join(site.project, "Pulumi.prod.yaml"), lines.join("\n"));
}

function importFile(words: readonly string[], env: RunOptions["env"] = {}) {
  return site.lifeboat(["state", "import-file", "prod", ...words], {
    env: { PULUMI_CONFIG_PASSPHRASE: passphrase, ...env },
  });
}

function read(file: string) {
  return fileSchema.parse(JSON.parse(readFileSync(file, "utf8"))).resources;
}

test("writes what exists into a file of the owner's alone, and says what to do with it [E5]", async () => {
  const { code, stdout, stderr } = await importFile([]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const [, file = ""] = /^Written to (\S+)/mu.exec(stdout) ?? [];
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const resources = read(file);
  expect(resources.flatMap(({ logicalName, id }) => (id === undefined ? [] : [[logicalName, id]]))).toEqual([
    ["backup-storage", "backup"],
    ["web-container", "101"],
    ["machine-machine", "150"],
    ["backup-job", "lifeboat-prod"],
  ]);
  const lines = stdout.split("\n").map((line) => line.trim());
  const next = lines.slice(lines.indexOf("Next, in the project's folder:") + 1);
  expect(next).toEqual([
    'eval "$(lifeboat env prod)"',
    "pulumi stack select prod --create",
    `pulumi import --stack prod --file ${file} --generate-code=false`,
    "pulumi refresh --stack prod",
    "pulumi preview --stack prod",
    "",
  ]);
});

test("its token is sealed with the stack's passphrase and nowhere in the clear [E5]", async () => {
  const file = join(site.project, "sealed.json");
  await importFile(["--to", file]);
  const token = readFileSync(site.sandbox.layout.tokenFile, "utf8").trim();
  const [provider] = read(file);
  const sealed = z.object({ ciphertext: z.string() }).parse(provider?.inputs?.["apiToken"]);
  const open = await openSecrets(salt, passphrase);
  expect(JSON.parse(open(sealed.ciphertext))).toBe(token);
  expect(readFileSync(file, "utf8")).not.toContain(token.split("=")[1]);
});

test("volumes are those that the guests have [E5]", async () => {
  const file = join(site.project, "volumes.json");
  await importFile(["--to", file]);
  const outputs = new Map(read(file).map((entry) => [entry.logicalName, entry.outputs]));
  expect(outputs.get("web-container")).toMatchObject({
    disk: { pathInDatastore: expect.stringMatching(/^local:101\/vm-101-disk-\d\.raw$/u) },
    mountPoints: [{ volume: expect.stringMatching(/^local:101\/vm-101-disk-\d\.raw$/u), path: "/srv" }],
  });
  expect(outputs.get("machine-machine")).toMatchObject({
    disks: [{ interface: "scsi0", pathInDatastore: expect.stringMatching(/^150\/vm-150-disk-0\.\w+$/u) }],
  });
});

test("a guest that is not its own is named and left alone; one that is gone too [E5, A14]", async () => {
  writeSettings({ guests: [`web: ${web}`, `db: ${container(102)}`, `lost: ${container(103)}`] });
  const file = join(site.project, "others.json");
  const { code, stdout } = await importFile(["--to", file, "--json"]);
  expect(code).toBe(3);
  expect(read(file).map(({ logicalName }) => logicalName)).not.toContain("db-container");
  const { leftOut } = JSON.parse(stdout);
  expect(leftOut).toEqual([
    expect.objectContaining({ what: "container db (102)", why: expect.stringContaining("was not made by Lifeboat") }),
    expect.objectContaining({
      what: "container lost (103)",
      next: expect.stringContaining("lifeboat restore guest prod/lost"),
    }),
  ]);
});

test("a dry run writes nothing and sends nothing but GETs; nor does the real one [E5, K1]", async () => {
  const file = join(site.project, "dry.json");
  const before = site.requests("pve-prod").length;
  const { code, stdout } = await importFile(["--to", file, "--dry-run"]);
  expect({ code, exists: existsSync(file) }).toEqual({ code: 0, exists: false });
  expect(stdout).toContain("web-container");
  await importFile(["--to", file]);
  const methods = site
    .requests("pve-prod")
    .slice(before)
    .map(({ method }) => method);
  expect(methods.length).toBeGreaterThan(5);
  expect(new Set(methods)).toEqual(new Set(["GET"]));
});

test("a file that is there already is kept unless --force gives it up [E5]", async () => {
  const file = join(site.project, "kept.json");
  writeFileSync(file, "mine");
  const kept = await importFile(["--to", file]);
  expect({ code: kept.code, text: readFileSync(file, "utf8") }).toEqual({ code: 2, text: "mine" });
  expect(kept.stderr).toContain("HINT: add --force");
  expect((await importFile(["--to", file, "--force"])).code).toBe(0);
  expect(read(file).length).toBeGreaterThan(5);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("needs the stack's own passphrase and salt, and names the next command [E5, E3]", async () => {
  const wrong = await importFile([], { PULUMI_CONFIG_PASSPHRASE: "wrong" });
  expect(wrong.code).toBe(12);
  writeSettings({ salt: undefined });
  const saltless = await importFile([]);
  expect(saltless.code).toBe(2);
  expect(saltless.stderr).toContain('HINT: eval "$(lifeboat env prod)" && pulumi stack init prod');
});

function backend(): string {
  return join(site.project, "backend");
}

function variables() {
  return { PULUMI_BACKEND_URL: `file://${backend()}` };
}

function leaveState(resources: readonly object[]): void {
  const folder = join(backend(), ".pulumi/stacks/site");
  mkdirSync(folder, { recursive: true });
  const latest = { manifest: { time: "2026-11-20T10:00:00Z", magic: "", version: "v3.258.0" }, resources };
  const checkpoint = { version: 3, checkpoint: { stack: "organization/site/prod", latest } };
  writeFileSync(join(folder, "prod.json"), JSON.stringify(checkpoint));
}

describe("where a state may be left", () => {
  test("a search for states that finds none leads to the import file [E1, E5]", async () => {
    mkdirSync(backend(), { recursive: true });
    for (const words of [["--list"], ["--to", "last"]]) {
      const { code, stderr } = await site.lifeboat(["restore", "state", "prod", ...words], { env: variables() });
      expect([code, stderr]).toEqual([10, expect.stringContaining("lifeboat state import-file prod")]);
    }
    expect((await importFile([], variables())).stderr).not.toContain("WARNING");
  });

  test("a state that is still there is told of: it knows more than the site [E5]", async () => {
    const urn = "urn:pulumi:prod::site::pulumi:pulumi:Stack::site-prod";
    leaveState([{ urn, custom: false, type: "pulumi:pulumi:Stack" }]);
    const { code, stderr } = await importFile([], variables());
    expect(stderr).toMatch(/WARNING: There is a state of prod in .* lifeboat restore state prod --list/u);
    expect(code).toBe(0);
  });

  test("a stack that was only just made is no state [E5]", async () => {
    leaveState([]);
    expect((await importFile([], variables())).stderr).not.toContain("WARNING");
  });
});

test("nothing of it on the site: exit 10 with what to do [E5]", async () => {
  writeSettings({ guests: [`lost: ${container(103)}`] });
  await site.on("pve-prod", (client) => client.delete(["cluster", "backup", "lifeboat-prod"]));
  await site.on("pve-prod", (client) => client.delete(["storage", "backup"]));
  const { code, stderr } = await importFile([]);
  expect(code).toBe(10);
  expect(stderr).toMatch(/^Unable to write the import file of prod: nothing that it declares is on the site$/mu);
  expect(stderr).toContain("HINT: ");
});
