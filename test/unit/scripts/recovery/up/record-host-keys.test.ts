import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deploymentSchema } from "../../../../../scripts/recovery/up/exported-state";
import { recordHostKeys } from "../../../../../scripts/recovery/up/record-host-keys";
import { fingerprintOf } from "../../../../../site/host-keys";
import { environmentOf, exampleContainer, exampleSettings } from "../../../../support/example-environment";

let folder: string;
const path = process.env["PATH"];
const guestKey = "ssh-ed25519 AAAAguest";
const nodeKey = "ssh-ed25519 AAAAnode";
const begun = Date.parse("2026-11-22T03:00:00Z");
const type = "lifeboat:guests:Container$proxmoxve:index/containerLegacy:ContainerLegacy";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-record-"));
  process.env["PATH"] = `${folder}:${path ?? ""}`;
  program("ssh-keyscan", `touch ${folder}/asked; echo "192.0.2.101 ${guestKey}"`);
  // The node is known by what the settings say.
  program("ssh", `case "$*" in *"pct exec 101"*) echo "${guestKey} root@web";; *) exit 255;; esac`);
});

afterEach(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true, force: true });
});

function program(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
}

const clusterStatus = () => Promise.resolve([{ type: "node", name: "pve-prod", local: true }]);

/** After an update that has left this in the state of the one guest `web`. */
async function record(
  resource: object,
  { ssh, checks = ["running", "ssh"] }: { ssh?: object; checks?: string[] } = {},
) {
  const { proxmox, ...rest } = exampleSettings();
  const settings = environmentOf({
    ...rest,
    proxmox: ssh === undefined ? proxmox : { ...proxmox, ssh },
    guests: { web: { ...exampleContainer(), checks } },
  });
  const environment = {
    settings,
    path: (file: string) => file,
    client: () => Promise.resolve({ cluster: { clusterStatus } }),
  };
  const site = { environment, state: { path: folder } } as unknown as Parameters<typeof recordHostKeys>[0];
  const urn = `urn:pulumi:prod::lifeboat::${type}::web-container`;
  const deployment = deploymentSchema.parse({ resources: [{ urn, ...resource }] });
  return recordHostKeys(site, deployment, begun, new AbortController().signal);
}

const made = { created: "2026-11-22T03:00:05.123456789Z" };
const earlier = { created: "2026-11-22T02:59:59.9Z" };
const known = (): string =>
  existsSync(join(folder, "known_hosts")) ? readFileSync(join(folder, "known_hosts"), "utf8") : "";

test("a guest that the update has made is trusted by what it shows now; whoever had its id before is forgotten [N3]", async () => {
  writeFileSync(join(folder, "known_hosts"), "guest-101 ssh-ed25519 AAAAformer\nguest-102 ssh-ed25519 AAAAother\n");
  expect(await record(made)).toEqual([
    {
      severity: "note",
      text: `the host key of web at 192.0.2.101 is trusted on first use, and recorded: ${fingerprintOf(guestKey)}`,
    },
  ]);
  expect(known()).toBe(`guest-102 ssh-ed25519 AAAAother\nguest-101 ${guestKey}\n`);
});

test.each([
  ["was there before", earlier],
  ["was taken in", { ...made, importID: "pve-prod/101" }],
])("of a guest that %s nobody knows who answers: it is not asked [N3]", async (_, resource) => {
  expect(await record(resource)).toEqual([]);
  expect([known(), existsSync(join(folder, "asked"))]).toEqual(["", false]);
});

test("a node says it of every guest, also of older ones, and nobody at the address is asked [N3]", async () => {
  expect(await record(earlier, { ssh: { hostKeys: [nodeKey] } })).toEqual([]);
  expect(known()).toBe(`guest-101 ${guestKey}\n`);
  program("ssh", "exit 255");
  expect(await record(earlier, { ssh: { hostKeys: [nodeKey] } })).toEqual([]);
  expect(await record(made, { ssh: { hostKeys: [nodeKey] } })).toEqual([
    { severity: "note", text: "the host key of web is not recorded: ssh root@192.0.2.11: exit code 255" },
  ]);
  expect([known(), existsSync(join(folder, "asked"))]).toEqual([`guest-101 ${guestKey}\n`, false]);
});

test("a guest that is never logged in to has no key recorded [N3]", async () => {
  expect(await record(made, { checks: ["running"] })).toEqual([]);
  expect(known()).toBe("");
});
