import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { createClient, type ProxmoxClient } from "../../proxmox/api/client";
import { layoutOf } from "../sandbox/setup/layout";
import { DemoSite, expectExit } from "./support/demo-site";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// A node that was replaced by one with another name, address and storages: the real `pulumi` and its provider, whose state is
// written over to the new names, and has to find everything there.
const parent = mkdtempSync(join(tmpdir(), "lifeboat-replaced-"));
const site = new DemoSite(join(parent, "site"), "memory", () => undefined);
const settings = join(site.folder, "project", "Pulumi.prod.yaml");
/** The node of lab has no guests here, and plays the new one of prod. */
const [old, fresh] = ["pve-prod", "pve-lab"] as const;

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "memory", "--port", "8163"), [0], "the sandbox");
  expectExit(await site.inside("pulumi", "stack", "init", "prod", "--non-interactive"), [0], "pulumi stack init");
  expectExit(await site.pulumi("prod", "up", "--yes", "--skip-preview"), [0], "pulumi up");
}, firstUseLimit);

afterAll(async () => {
  await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

function endpointOf(environment: string): string {
  const text = readFileSync(join(site.folder, "project", `Pulumi.${environment}.yaml`), "utf8");
  return String(parseDocument(text).getIn(["config", "lifeboat:proxmox", "endpoint"]));
}

/** Signed in as root on the new node. */
async function asRoot<Result>(work: (client: ProxmoxClient) => Promise<Result>): Promise<Result> {
  const { ca, rootPasswordFile } = layoutOf(site.folder);
  const client = createClient({
    endpoint: endpointOf("lab"),
    trust: { kind: "ca", pem: readFileSync(ca, "utf8") },
    credential: { kind: "password", username: "root@pam", password: readFileSync(rootPasswordFile, "utf8").trim() },
  });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

test("a site goes over to a node with another name, address and storage: its preview with --refresh is clean, and nothing is made anew [H1, H5, D11]", async () => {
  expectExit(await site.inside("lifeboat", "backup", "--all", "--env", "prod"), [0], "the backups");
  await asRoot((client) =>
    client.post(["storage"], { storage: "tank", type: "dir", path: "/mnt/tank", content: "rootdir,images" }),
  );
  const root = (node: string): string => join(site.folder, "server", "nodes", node, "root");
  cpSync(join(root(old), "mnt/backup"), join(root(fresh), "mnt/backup"), { recursive: true });
  writeFileSync(settings, readFileSync(settings, "utf8").replace(endpointOf("prod"), endpointOf("lab")));

  const words = ["recover", "--only", "prod", "--map", `${old}=${fresh}`, "--storage", "local=tank"];
  const recovered = await site.inside("lifeboat", ...words, "--force", "--check-timeout", "0");
  expectExit(recovered, [0], "the recovery");

  const guests = await asRoot(async (client) =>
    Promise.all([101, 102].map((vmid) => client.guests.guestConfig({ node: fresh, type: "lxc", vmid }))),
  );
  const disks = guests.flatMap((guest) => ["rootfs", "mp0"].map((key) => guest[key]?.split(":")[0]));
  expect(disks).toEqual(["tank", "tank", "tank", "tank"]);
  const preview = await site.pulumi("prod", "preview", "--refresh", "--expect-no-changes");
  expectExit(preview, [0], "the preview");
  expect(readFileSync(settings, "utf8")).toContain(`node: ${fresh}`);
});
