import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import * as z from "zod";
import { layoutOf } from "../sandbox/setup/layout";
import { timed } from "../support/timed";
import { type CommandResult } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { changeSettings, makeKeys, sealKeys } from "./support/store-settings";
import { createAuthority, issueServerCertificate } from "../../site/state-store/authority";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// A state that is lost everywhere, with the real `pulumi` and its provider: guests of every kind and buckets of a real
// MinIO, on a site that goes on.
const parent = mkdtempSync(join(tmpdir(), "lifeboat-gone-"));
const printed: string[] = [];
const site = new DemoSite(join(parent, "site"), "memory", (line) => printed.push(line));
const rootPasswordFile = "LIFEBOAT_PROXMOX_ROOT_PASSWORD_FILE";
const settings = join(site.folder, "project", "Pulumi.prod.yaml");
const backend = join(layoutOf(site.folder).pulumiState, ".pulumi");
const storeAddress = "127.0.0.1:9148";
let store: ChildProcess | undefined;
const importFile = join(parent, "import.json");
const gateway = "192.0.2.1";
const common = {
  kind: "container",
  template: "local:vztmpl/debian-12-standard_amd64.tar.zst",
  root: { storage: "local", size: "4GiB" },
};

/** Beside those of the example: whatever the provider reads back in a way of its own. */
const guests = {
  nested: {
    ...common,
    id: 103,
    nesting: true,
    nameservers: [gateway],
    searchDomain: "example.org",
    description: "two\nlines",
    network: { bridge: "vmbr0", address: "dhcp", mac: "BC:24:11:00:00:03", firewall: true, vlan: 5 },
    startOnBoot: false,
    started: false,
    protection: true,
  },
  media: {
    ...common,
    id: 104,
    disks: {
      media: { mount: "/media", bind: "/tank/media", protectedBy: "replication of the pool" },
      data: { mount: "/srv", storage: "local", size: "1GiB" },
    },
    network: { bridge: "vmbr0", address: "192.0.2.104/24", gateway },
  },
  machine: {
    kind: "virtual-machine",
    id: 150,
    started: false,
    disks: {
      scsi0: { storage: "local", size: "2GiB" },
      scsi1: { storage: "local", size: "1GiB", backup: { exclude: "scratch", owner: "ops", until: "2035-12-31" } },
    },
    network: { bridge: "vmbr0", address: "192.0.2.150/24", gateway },
    cloudInit: { storage: "local", user: "ops", nameservers: [gateway] },
  },
};

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "memory", "--port", "8148"), [0], "the sandbox");
  process.env[rootPasswordFile] = join(site.folder, "keys", "root-password");
  mkdirSync(join(site.folder, "server/nodes/pve-prod/root/tank/media"), { recursive: true });
  const document = parseDocument(readFileSync(settings, "utf8"));
  for (const [name, guest] of Object.entries(guests)) {
    document.setIn(["config", "lifeboat:guests", name], document.createNode(guest));
  }
  writeFileSync(settings, document.toString({ lineWidth: 0 }));
  await startStore();
  expectExit(await pulumi("stack", "init", "prod"), [0], "pulumi stack init");
}, firstUseLimit);

/** An S3 service that is there already: a real MinIO on loopback, and its keys in the settings. */
async function startStore(): Promise<void> {
  const artifact = ["run", "--silent", "toolchain", "--", "--artifact", "minio-server"];
  const program = expectExit(await site.project("npm", ...artifact), [0], "the server").stdout.trim();
  const { keys } = await makeKeys(["lab", "monitoring", "prod"]);
  const folder = join(parent, "store");
  const certificates = join(folder, "certs");
  mkdirSync(certificates, { recursive: true });
  const authority = await createAuthority("rehearsal", ["127.0.0.1"], new Date());
  const server = { key: keys.serverKey ?? "", names: ["127.0.0.1"] };
  writeFileSync(join(certificates, "private.key"), server.key, { mode: 0o600 });
  writeFileSync(join(certificates, "public.crt"), await issueServerCertificate(authority, server, new Date()));
  const ca = join(site.folder, "trust", "store.pem");
  for (const file of [ca, join(site.folder, "project", "s3-ca.pem")]) writeFileSync(file, authority.certificate);
  const words = ["server", "--quiet", "--certs-dir", certificates, "--address", storeAddress, join(folder, "data")];
  const env = { ...process.env, MINIO_ROOT_USER: keys.root.accessKey, MINIO_ROOT_PASSWORD: keys.root.secretKey };
  store = spawn(program, words, { env, stdio: "ignore" });
  const service = { endpoint: `https://${storeAddress}`, region: "us-east-1", ca: "s3-ca.pem" };
  changeSettings(settings, [[["config", "lifeboat:stateStore"], { service }]]);
  await sealKeys(site.folder, settings, { keys, authority: authority.certificate });
  const patience = ["--retry", "60", "--retry-connrefused", "--retry-delay", "1"];
  const health = `${service.endpoint}/minio/health/live`;
  expectExit(await site.project("curl", "--silent", "--cacert", ca, ...patience, health), [0], "the store");
}

afterAll(async () => {
  store?.kill();
  delete process.env[rootPasswordFile];
  await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

function pulumi(...words: string[]): Promise<CommandResult> {
  return site.inside("pulumi", ...words, "--non-interactive");
}

const stateSchema = z.object({
  deployment: z.object({
    resources: z.array(
      z.object({
        urn: z.string(),
        type: z.string(),
        id: z.string().optional(),
        protect: z.boolean().optional(),
        outputs: z.record(z.string(), z.unknown()).optional(),
      }),
    ),
  }),
});

async function resources() {
  const { stdout } = expectExit(await pulumi("stack", "export", "-s", "prod"), [0], "pulumi stack export");
  return stateSchema.parse(JSON.parse(stdout)).deployment.resources;
}

/** What Pulumi remembers of the resources, without ids that it makes up and what it works out again at any time. */
async function remembered() {
  const found = (await resources()).map(({ urn, type, id, protect, outputs }) => ({
    urn,
    id: type.startsWith("pulumi:providers:") ? undefined : id,
    protect,
    outputs: /^(?:proxmoxve|minio):/u.test(type) ? outputs : undefined,
  }));
  return found.sort((a, b) => (a.urn < b.urn ? -1 : 1)).map((resource) => normal(resource));
}

/**
 * Of an absent list or text Pulumi says now that it is empty, now that it is none; a secret is encrypted anew each time.
 * A bucket's `forceDestroy` is the provider's own affair: what it was not told it takes for false.
 */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(normal);
  if (typeof value !== "object" || value === null) return value === null || value === "" ? undefined : value;
  const kept = Object.entries(value)
    .filter(([key]) => key !== "__pulumi_raw_state_delta" && key !== "password")
    .map(([key, entry]) => [key, normal(entry)] as const)
    .filter(([key, entry]) => entry !== undefined && !(key === "forceDestroy" && entry === false));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

async function changingRequests(): Promise<string[]> {
  const { stdout } = await site.sandbox("requests", "--json");
  const requests = stdout.split("\n").filter((line) => line.startsWith("{"));
  return requests.filter((line) => !/"method":\s?"GET"/.test(line) && !line.includes("/access/ticket"));
}

let before: unknown;

test("Pulumi's own list of what a program creates has the same names and places as the import file [E5]", async () => {
  const created = join(parent, "created.json");
  expectExit(await pulumi("preview", "-s", "prod", "--import-file", created), [0], "pulumi preview");
  expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up");
  before = await remembered();
  rmSync(backend, { recursive: true });

  expectExit(await site.inside("lifeboat", "state", "import-file", "prod", "--to", importFile), [0], "the import file");

  expect(placesOf(importFile)).toEqual(placesOf(created));
});

const fileSchema = z.object({
  resources: z.array(
    z.object({
      type: z.string(),
      name: z.string(),
      logicalName: z.string().optional(),
      component: z.boolean().default(false),
      parent: z.string().optional(),
      provider: z.string().optional(),
      version: z.string().optional(),
      pluginDownloadUrl: z.string().optional(),
    }),
  ),
});

function placesOf(file: string): string[] {
  const { resources: entries } = fileSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  const own = new Map(entries.map(({ name, logicalName = name, type }) => [name, `${type} ${logicalName}`]));
  return entries
    .map(({ type, name, component, parent: above, provider, version, pluginDownloadUrl }) =>
      JSON.stringify([
        own.get(name),
        type,
        component,
        own.get(above ?? ""),
        own.get(provider ?? ""),
        version,
        pluginDownloadUrl,
      ]),
    )
    .sort();
}

test("imported into a new stack, a preview finds nothing to change; nor does an update, which sends nothing [E5, 004 CL5]", async () => {
  await timed("L2", "importing a state of which no copy is left, with the preview after it", async () => {
    expectExit(await pulumi("stack", "select", "prod", "--create"), [0], "pulumi stack select");
    const words = ["import", "-s", "prod", "--file", importFile, "--generate-code=false", "--yes"];
    expectExit(await pulumi(...words), [0], "pulumi import");
    expectExit(await pulumi("preview", "-s", "prod", "--expect-no-changes"), [0], "a preview that finds nothing");
  });

  await site.sandbox("requests", "--clear");
  expectExit(await pulumi("refresh", "-s", "prod", "--yes"), [0], "pulumi refresh");
  expectExit(await pulumi("preview", "-s", "prod", "--expect-no-changes"), [0], "a preview after the refresh");
  expectExit(await pulumi("up", "-s", "prod", "--yes", "--expect-no-changes"), [0], "pulumi up");
  expect(await changingRequests()).toEqual([]);
});

test("the new state is the old one, resource by resource [E5]", async () => {
  expect(await remembered()).toEqual(before);
});

test("the same file once more changes nothing [E5]", async () => {
  const words = ["import", "-s", "prod", "--file", importFile, "--generate-code=false", "--yes"];
  const { stdout } = expectExit(await pulumi(...words), [0], "pulumi import");
  expect(stdout).not.toMatch(/imported|created/u);
});

test("what changed by hand since then shows in the preview after the refresh, and no guest is replaced [E5]", async () => {
  expectExit(await site.byHand("destroy", "db"), [0], "destroying a guest by hand");
  rmSync(backend, { recursive: true });
  const written = await site.inside("lifeboat", "state", "import-file", "prod", "--to", importFile, "--force");
  expectExit(written, [0], "the import file");
  expect(written.stdout).toContain("lifeboat restore guest prod/db");
  expectExit(await pulumi("stack", "select", "prod", "--create"), [0], "pulumi stack select");
  const words = ["import", "-s", "prod", "--file", importFile, "--generate-code=false", "--yes"];
  expectExit(await pulumi(...words), [0], "pulumi import");
  const { stdout } = expectExit(await pulumi("preview", "-s", "prod", "--refresh", "--json"), [0], "pulumi preview");
  const { steps } = z
    .object({ steps: z.array(z.object({ op: z.string(), urn: z.string() })) })
    .parse(JSON.parse(stdout));
  const changes = steps.filter(({ op }) => !["same", "refresh", "read"].includes(op));
  expect(changes.map(({ op, urn }) => [op, urn.split("::").at(-1)]).sort()).toEqual([
    ["create", "db"],
    ["create", "db-container"],
    // The new guest's id is not known yet: the job is changed in place, never made anew.
    ["update", "backup-job"],
  ]);
});
