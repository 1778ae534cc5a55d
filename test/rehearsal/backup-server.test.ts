import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseDocument } from "yaml";
import { type CommandResult, runCommand } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { firstUseLimit, obtainToolchain } from "./support/toolchain";

// A storage on a Proxmox Backup Server by the real `pulumi` and its provider, and a container's backup and restore on it.
const parent = mkdtempSync(join(tmpdir(), "lifeboat-backup-server-"));
const site = new DemoSite(join(parent, "site"), "memory", () => {});
const settings = join(site.folder, "project", "Pulumi.prod.yaml");
const password = "not-a-secret-of-the-sandbox";
const key = { kdf: null, created: "2026-11-21T01:00:00+00:00", modified: "2026-11-21T01:00:00+00:00" };
const fingerprint = Array.from({ length: 32 }, () => "ab").join(":");
const data = "bm90LWEtc2VjcmV0LWtleQ==";

jest.setTimeout(20 * 60_000);

beforeAll(async () => {
  await obtainToolchain(site);
  expectExit(await site.sandbox("up", "--driver", "memory", "--port", "8119"), [0], "the sandbox");
  expectExit(await pulumi("stack", "init", "prod"), [0], "pulumi stack init");
  const document = parseDocument(readFileSync(settings, "utf8"));
  document.deleteIn(["config", "lifeboat:guests", "db"]);
  document.setIn(["config", "lifeboat:protectGuests"], false);
  const server = { id: "backup", type: "pbs", server: "192.0.2.30", datastore: "main", username: "lifeboat@pbs" };
  const secrets = { password, encryptionKey: JSON.stringify({ ...key, data, fingerprint }) };
  document.setIn(["config", "lifeboat:backup", "storage"], document.createNode({ ...server, ...secrets }));
  writeFileSync(settings, document.toString({ lineWidth: 0 }));
}, firstUseLimit);

afterAll(async () => {
  await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

function pulumi(...words: string[]): Promise<CommandResult> {
  return site.inside("pulumi", ...words, "--non-interactive");
}

test("pulumi up makes it with password and key, which are secrets in the state; a second preview is clean, also after a refresh [A1, A5]", async () => {
  expectExit(await pulumi("up", "-s", "prod", "--yes"), [0], "pulumi up");
  expectExit(await pulumi("preview", "-s", "prod", "--expect-no-changes"), [0], "the second preview");
  expectExit(
    await pulumi("preview", "-s", "prod", "--refresh", "--expect-no-changes"),
    [0],
    "the preview with a refresh",
  );
  const { stdout } = expectExit(await pulumi("stack", "export", "-s", "prod"), [0], "pulumi stack export");
  expect(stdout).toContain("proxmoxve:storage/pbs:Pbs");
  expect([stdout.includes(password), stdout.includes(data)]).toEqual([false, false]);
});

test("a container is backed up there, encrypted, and restored [A5, D1]", async () => {
  expectExit(await site.inside("lifeboat", "backup", "web", "--force"), [0], "lifeboat backup");
  const { stdout } = expectExit(await site.inside("lifeboat", "backups", "web", "--json"), [0], "lifeboat backups");
  expect(JSON.parse(stdout)).toMatchObject({ backups: [{ storage: "backup", encrypted: true, doubt: null }] });
  expectExit(
    await site.inside("lifeboat", "restore", "guest", "web", "--force", "--stop", "--accept-loss"),
    [0],
    "the restore",
  );
  expectExit(await site.inside("lifeboat", "undo", "web", "--force", "--stop", "--accept-loss"), [0], "the undo");
  const logs = await runCommand("grep", [
    "-rlF",
    password,
    join(site.folder, "server"),
    "--include=*.log",
    "--include=*.ndjson",
  ]);
  expect(logs.stdout).toBe("");
});
