import type { ProxmoxClient } from "../../proxmox/api/client";
import { roleGrants } from "../../proxmox/rules/privileges";
import { AdoptedSite } from "./support/adopted-site";
import { settingsText } from "./support/site/settings";

/**
 * What each printed privilege is for: with one of them taken from the token exactly the named commands are refused, and
 * `doctor` names it. What `pulumi up` needs them for is shown with the provider's requests
 * (`test/unit/sandbox/guests/printed-privileges.test.ts`).
 */
let site: AdoptedSite;
let root: ProxmoxClient;

const node = "pve-prod";
const pool = "shop";
const grants = roleGrants({ backupStorages: ["backup"], declaresStorage: true, pools: [pool] });

/** Operations are only planned: what a plan does not know of would fail half-way. */
const commands: Readonly<Record<string, readonly string[]>> = {
  status: ["status", "prod"],
  backups: ["backups", "prod/web"],
  backup: ["backup", "prod/web", "--dry-run"],
  "backup snapshot": ["backup", "snapshot", "prod/web", "--name", "another", "--dry-run"],
  "restore snapshot": ["restore", "snapshot", "prod/web", "first", "--dry-run"],
  "restore guest": ["restore", "guest", "prod/web", "--dry-run"],
  "restore guest --target-id": ["restore", "guest", "prod/web", "--target-id", "901", "--dry-run"],
};
const snapshots = ["backup snapshot", "restore snapshot"];
const restores = ["restore guest", "restore guest --target-id"];

beforeAll(async () => {
  const web = { id: 101, name: "web", disk: "lvmthin" } as const;
  site = await AdoptedSite.start([{ name: "prod", node, profile: "prod", guests: [web] }]);
  root = site.rootClient();
  await root.post(["pools"], { poolid: pool });
  await setRoles();
  for (const { role, path, propagate } of grants) {
    for (const subject of [{ users: "lifeboat@pve" }, { tokens: "lifeboat@pve!lifeboat" }]) {
      await root.put(["access", "acl"], { path, roles: role, propagate, ...subject });
    }
  }
  // Guests that the program would make: doctor asks for what they need.
  const guests = {
    made: [
      "kind: container",
      "id: 190",
      "template: local:vztmpl/debian-12-standard_amd64.tar.zst",
      "root: { storage: local, size: 1GiB }",
      "network: { bridge: vmbr0, address: dhcp }",
      `pool: ${pool}`,
    ],
    machine: [
      "kind: virtual-machine",
      "id: 191",
      "disks: { scsi0: { storage: local, size: 1GiB } }",
      "network: { bridge: vmbr0, address: dhcp }",
      "cloudInit: { storage: local }",
    ],
  };
  site.write("Pulumi.lab.yaml", settingsText(site.endpoint(node), { profile: "lab", node, ca: "site-ca.pem", guests }));
  for (const words of [
    ["backup", "prod/web"],
    ["backup", "snapshot", "prod/web", "--name", "first"],
  ]) {
    const { code, stderr } = await site.lifeboat(words);
    if (code !== 0) throw new Error(stderr);
  }
});

afterAll(async () => {
  await root.close();
  await site.stop();
});

/** The roles as they are printed, less one privilege of one of them. */
async function setRoles(less?: { role: string; privilege: string }): Promise<void> {
  const known = JSON.stringify(await root.get(["access", "roles"]));
  for (const { role, privileges } of new Map(grants.map((grant) => [grant.role, grant])).values()) {
    const privs = privileges.filter((name) => less?.role !== role || less.privilege !== name).join(",");
    if (known.includes(`"${role}"`)) await root.put(["access", "roles", role], { privs });
    else await root.post(["access", "roles"], { roleid: role, privs });
  }
}

/** Commands that fail; one that does not name the privilege fails for another reason, and is told with what it says. */
async function refused(privilege = ""): Promise<string[]> {
  const failed: string[] = [];
  for (const [name, words] of Object.entries(commands)) {
    const { code, stdout, stderr } = await site.lifeboat(words);
    if (code === 0) continue;
    const isNamed = (code === 14 || code === 3) && `${stdout}${stderr}`.includes(privilege);
    failed.push(isNamed ? name : `${name}: ${String(code)} ${stdout}${stderr}`);
  }
  return failed;
}

/** Privileges that doctor says are missing, each with its first path, once for each environment. */
async function named(): Promise<string[]> {
  const { stdout } = await site.lifeboat(["doctor"]);
  return [...stdout.matchAll(/✗ privileges +(\S+) on ([^\s,]+)[^\n]* is missing/gu)].map(
    (found) => `${found[1]} ${found[2]}`,
  );
}

test("with all of them nothing is refused, and doctor misses none", async () => {
  expect([await refused(), await named()]).toEqual([[], []]);
});

const sees = ["status", "backups"];
const acts = ["backup"];

const rows: readonly [role: string, privilege: string, path: string, failing: readonly string[]][] = [
  ["LifeboatSite", "Sys.Audit", "/", [...sees, "restore snapshot"]],
  // A copy of a container that is not unprivileged.
  ["LifeboatJobs", "Sys.Modify", "/", ["restore guest --target-id"]],
  ["LifeboatGuests", "VM.Audit", "/vms/101", ["status", ...acts, ...snapshots, ...restores]],
  ["LifeboatGuests", "VM.Backup", "/vms/101", [...sees, ...acts, ...restores]],
  ["LifeboatGuests", "VM.Allocate", "/vms/101", restores],
  ["LifeboatGuests", "VM.Snapshot", "/vms/101", snapshots],
  ["LifeboatGuests", "VM.PowerMgmt", "/vms/101", ["restore snapshot", ...restores]],
  ["LifeboatGuests", "VM.Config.Disk", "/vms/101", restores],
  ["LifeboatGuests", "VM.Config.Network", "/vms/101", restores],
  ["LifeboatGuests", "VM.Config.Options", "/vms/101", restores],
  ["LifeboatGuests", "VM.Config.CPU", "/vms/190", []],
  ["LifeboatGuests", "VM.Config.Memory", "/vms/190", []],
  ["LifeboatGuests", "VM.Config.HWType", "/vms/191", []],
  // It only proves a machine that is back.
  ["LifeboatGuests", "VM.GuestAgent.Audit", "/vms/191", []],
  ["LifeboatGuests", "VM.Config.Cloudinit", "/vms/191", []],
  // Archives on it would not be seen.
  ["LifeboatStorages", "Datastore.AllocateSpace", "/storage/local", ["backups", ...restores]],
  ["LifeboatBackups", "Datastore.AllocateSpace", "/storage/backup", [...sees, ...acts, ...restores]],
  // A look for disks would be incomplete: of the guest, of one that had the number of a copy.
  ["LifeboatStorages", "Datastore.Audit", "/storage/local", restores],
  // No disk lies there.
  ["LifeboatBackups", "Datastore.Audit", "/storage/backup", []],
  ["LifeboatBackups", "Datastore.Allocate", "/storage/backup", []],
  ["LifeboatNetworks", "SDN.Use", "/sdn/zones/localnetwork", restores],
  ["LifeboatPools", "Pool.Audit", "/pool/shop", []],
];

test("the table has every printed privilege", () => {
  const all = grants.flatMap(({ role, privileges }) => privileges.map((privilege) => `${role} ${privilege}`));
  expect(rows.map(([role, privilege]) => `${role} ${privilege}`).sort()).toEqual([...new Set(all)].sort());
});

describe.each(rows)("%s without %s", (role, privilege, path, failing) => {
  beforeAll(() => setRoles({ role, privilege }));
  afterAll(() => setRoles());

  test(`doctor names it on ${path}, and exactly these are refused: ${failing.join(", ") || "none"}`, async () => {
    expect(await refused(privilege)).toEqual(Object.keys(commands).filter((name) => failing.includes(name)));
    expect(await named()).toContain(`${privilege} ${path}`);
  });
});
