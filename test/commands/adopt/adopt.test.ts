import { chmodSync, lstatSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { requireSuccess } from "../../../proxmox/api/tasks";
import { markOf } from "../../../site/mark";
import { AdoptedSite } from "../support/adopted-site";

/** Two standalone nodes with guests that no settings name; id 140 is on both. */
let site: AdoptedSite;
const template = "local:vztmpl/debian-12-standard_amd64.tar.zst";

beforeAll(async () => {
  site = await AdoptedSite.start([
    { name: "prod", node: "pve-prod", profile: "prod", guests: [{ id: 101, name: "web" }] },
    { name: "lab", node: "pve-lab", profile: "lab", guests: [{ id: 201, name: "test" }] },
  ]);
  await makeContainer("pve-prod", 140, {
    hostname: "legacy.example.com",
    net0: "name=eth0,bridge=vmbr0,ip=192.0.2.140/24,gw=192.0.2.1",
    mp0: "local:1,mp=/srv,backup=1",
    mp1: "local:1,mp=/var/cache",
  });
  await makeContainer("pve-prod", 141, { hostname: "web", net0: "name=eth0,bridge=vmbr0,ip=dhcp" });
  await makeContainer("pve-prod", 142, { hostname: "queue", net0: "name=eth0,bridge=vmbr0,ip=dhcp" });
  await makeContainer("pve-prod", 143, {
    hostname: "shop",
    description: markOf({ environment: "prod", guest: "shop" }),
  });
  await makeContainer("pve-lab", 140, { hostname: "other" });
  await run("pve-lab", "qemu", { vmid: 240, name: "old-vm", scsi0: "local:1", scsi1: "local:1,backup=0" });
});

afterAll(() => site.stop());

function makeContainer(node: string, vmid: number, parameters: Record<string, string>): Promise<void> {
  return run(node, "lxc", { vmid, ostemplate: template, rootfs: "local:1", ...parameters });
}

function run(node: string, type: "lxc" | "qemu", parameters: Record<string, string | number>): Promise<void> {
  return site.on(node, async (client) => {
    const upid = z.string().parse(await client.post(["nodes", node, type], parameters));
    requireSuccess(await client.tasks.wait(upid));
  });
}

function file(environment: string): string {
  return join(site.project, `Pulumi.${environment}.yaml`);
}

function text(environment: string): string {
  return readFileSync(file(environment), "utf8");
}

/** The last day of an opt-out that is written today. */
function inThirtyDays(): string {
  return new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
}

test("without an id the guests that no settings name are listed, with where they would go [A10]", async () => {
  const { code, stdout } = await site.lifeboat(["adopt"]);
  const lines = stdout.split("\n").map((line) => line.trim().split(/\s{2,}/u));
  expect(lines).toContainEqual(["140", "legacy.example.com", "container", "pve-prod", "prod"]);
  expect(lines).toContainEqual(["240", "old-vm", "virtual machine", "pve-lab", "lab"]);
  expect(stdout).not.toMatch(/^101 /mu);
  expect(code).toBe(0);
  const { guests } = JSON.parse((await site.lifeboat(["adopt", "--json", "--env", "lab"])).stdout);
  expect(guests).toEqual([
    { environment: "lab", id: 140, name: "other", type: "lxc", node: "pve-lab" },
    { environment: "lab", id: 240, name: "old-vm", type: "qemu", node: "pve-lab" },
  ]);
});

test("the difference is shown first; a dry run and a script without --force write nothing [A10]", async () => {
  const before = text("prod");
  const dry = await site.lifeboat(["adopt", "142", "--dry-run"]);
  expect(dry.stdout).toContain("  +     queue: { adopt: 142 }\n");
  expect(dry.code).toBe(0);
  const silent = await site.lifeboat(["adopt", "142"]);
  expect(silent.stderr).toContain("  +     queue: { adopt: 142 }\n");
  expect(silent.stderr).toContain("HINT: add --force");
  expect(silent.code).toBe(2);
  expect(text("prod")).toBe(before);
});

test("--all means every guest that no settings name, but those that Lifeboat made; one whose name is taken is told, and left out [A10]", async () => {
  const dry = await site.lifeboat(["adopt", "--all", "--env", "prod", "--dry-run", "--json"]);
  const [{ guests }] = JSON.parse(dry.stdout).plan.environments;
  expect(guests.map(({ id }: { id: number }) => id)).toEqual([140, 142]);
  const told = await site.lifeboat(["adopt", "--all", "--env", "prod", "--dry-run"]);
  expect(told.stdout).toContain("Left out: 141: guest web has the same host name, web.");
  const both = await site.lifeboat(["adopt", "140", "--all"]);
  expect([both.code, both.stderr]).toEqual([2, expect.stringContaining("not both")]);
});

test("the block comes from the guest as it is; nothing else in the file changes, its mode and link neither [A10]", async () => {
  const before = `# The site of production\r\n${text("prod").replaceAll("\n", "\r\n")}  # the end\r\n`;
  const target = join(site.project, "kept-elsewhere.yaml");
  renameSync(file("prod"), target);
  symlinkSync(target, file("prod"));
  writeFileSync(target, before);
  chmodSync(target, 0o640);
  const { code, stdout } = await site.lifeboat(["adopt", "142", "prod/140", "--owner", "ops team", "--force"]);
  expect(stdout).toContain("Adopted into prod: queue (142), legacy (140).");
  expect(stdout).toContain(`Disk mp1 (local:140/vm-140-disk-2.raw) of legacy is in no backup. Decide by`);
  expect(stdout).toContain('eval "$(lifeboat env prod)" && pulumi up -s prod');
  expect(code).toBe(0);
  const reason = "left out when it was adopted; nobody has said why";
  const added = [
    "    queue: { adopt: 142 }",
    "    legacy:",
    "      adopt: 140",
    "      hostname: legacy.example.com",
    "      checks: [ping, ssh]",
    "      disks:",
    `        mp1: { backup: { exclude: "${reason}", owner: ops team, until: ${inThirtyDays()} } }`,
  ];
  expect(text("prod")).toBe(before.replace("  # the end\r\n", `${added.join("\r\n")}\r\n  # the end\r\n`));
  expect(statSync(target).mode & 0o777).toBe(0o640);
  expect(lstatSync(file("prod")).isSymbolicLink()).toBe(true);
  const known = await site.lifeboat(["backup", "prod/legacy", "--dry-run"]);
  expect(known.code).toBe(0);
});

test("a virtual machine is adopted like a container, with its disk that has backup=0 [A10]", async () => {
  const { code, stdout } = await site.lifeboat(["adopt", "240", "--force", "--json"]);
  expect(code).toBe(0);
  const { environments } = JSON.parse(stdout);
  expect(environments[0].guests).toEqual([
    { name: "old-vm", id: 240, disksWithoutBackup: [expect.objectContaining({ key: "scsi1" })] },
  ]);
  expect(text("lab")).toMatch(/\n {4}old-vm:\n {6}adopt: 240\n {6}disks:\n {8}scsi1: \{ backup: /u);
});

test.each([
  ["one that is there already", ["101"], 2, "guest 101 is in the settings of prod already, as web"],
  ["an unknown one", ["999"], 2, "HINT: guests in no settings: 140 (other on pve-lab), 141 (web on pve-prod)"],
  ["a name", ["shop"], 2, "HINT: lifeboat adopt 143"],
  ["one that Lifeboat made", ["143"], 13, "was made by Lifeboat, as prod/shop"],
  ["an unknown environment", ["140", "--env", "stage"], 2, "there is no environment 'stage'"],
  ["none, for a script", ["--force"], 2, "no guest is named"],
  ["a host name that is taken", ["141", "--force"], 2, "guest web has the same host name"],
])("refused with what to do, and nothing written: %s [A10]", async (_, argv, code, message) => {
  const before = [text("prod"), text("lab")];
  const result = await site.lifeboat(["adopt", ...argv]);
  expect(result.stderr).toContain(message);
  expect(result.code).toBe(code);
  expect([text("prod"), text("lab")]).toEqual(before);
});

test("an id on two nodes wants its environment [A10]", async () => {
  await makeContainer("pve-prod", 150, { hostname: "a" });
  await makeContainer("pve-lab", 150, { hostname: "b" });
  const { code, stderr } = await site.lifeboat(["adopt", "150", "--force"]);
  expect(stderr).toContain("may be meant for lab (b on pve-lab) or prod (a on pve-prod)");
  expect(stderr).toContain("HINT: name the environment: lifeboat adopt");
  expect(code).toBe(2);
  expect((await site.lifeboat(["adopt", "150", "--env", "lab", "--force"])).code).toBe(0);
  expect(text("lab")).toContain("\n    b: { adopt: 150 }\n");
});

test("an empty file, and guests in a form that cannot be edited: said, with what to write by hand [A10]", async () => {
  const before = text("lab");
  writeFileSync(file("lab"), "");
  const empty = await site.lifeboat(["adopt", "140", "--env", "lab", "--force"]);
  expect(empty.stderr).toContain("lifeboat:proxmox");
  expect(empty.code).toBe(2);
  const asText = before.replace(/ {2}lifeboat:guests:[^]*$/u, `  lifeboat:guests: '{ "test": { "adopt": 201 } }'\n`);
  writeFileSync(file("lab"), asText);
  const refused = await site.lifeboat(["adopt", "140", "--env", "lab", "--force"]);
  expect(refused.stderr).toContain("Pulumi.lab.yaml cannot be edited: lifeboat:guests is not a mapping of its own");
  expect(refused.stderr).toContain("    other: { adopt: 140 }");
  expect(refused.code).toBe(2);
  expect(text("lab")).toBe(asText);
  writeFileSync(file("lab"), before);
});

test("a node that is down keeps nobody from adopting on another; what it may have is said [A10]", async () => {
  const before = text("lab");
  writeFileSync(file("lab"), before.replace(site.endpoint("pve-lab"), "https://127.0.0.1:1"));
  const found = await site.lifeboat(["adopt", "141", "--dry-run"]);
  expect(found.stderr).toContain("guest web has the same host name");
  const missing = await site.lifeboat(["adopt", "240"]);
  expect(missing.stderr).toContain("guest 240 is not on the nodes that answered");
  expect(missing.code).toBe(14);
  expect(missing.stderr).toContain("! look at the guests of");
  const mistyped = await site.lifeboat(["adopt", "abc", "--env", "lab"]);
  expect(mistyped.stderr).toMatch(/✗ look at the guests of lab[^]*'abc' is not the id of a guest; .*127\.0\.0\.1:1/u);
  expect(mistyped.stderr).not.toContain("every guest that the token may see is in the settings");
  const listed = await site.lifeboat(["adopt"]);
  expect(listed.stdout).toMatch(/^141 /mu);
  expect(listed.code).toBe(3);
  writeFileSync(file("lab"), before);
});
