import { neededPrivileges, roleGrants } from "../../../../proxmox/rules/privileges";
import { API_TOKEN, API_USER } from "../../../sandbox/setup/keys";
import { tokenCaller } from "../../../sandbox/model/access";
import { TestSite } from "./support";

/**
 * The printed privileges against what the provider sends (recordings of provider 8.6.0): with all of them every resource is
 * made, and with one less exactly the named ones are not. So none is missing, and none is printed that nothing needs.
 */
let site: TestSite;

const caller = tokenCaller(API_USER, API_TOKEN);
const pool = "shop";
const scope = {
  vmids: [190, 191],
  machines: [191],
  seeded: [191],
  storages: ["local"],
  backupStorages: ["data"],
  declaresStorage: true,
  pools: [pool],
};
const printed = roleGrants(scope);

const container = {
  vmid: 190,
  hostname: "made",
  description: "lifeboat: prod/made",
  tags: "lifeboat",
  cores: 1,
  memory: 256,
  swap: 0,
  onboot: 1,
  unprivileged: 1,
  rootfs: "volume=local:1",
  mp0: "volume=local:1,mp=/srv,backup=1",
  net0: "name=eth0,bridge=vmbr0,ip=dhcp",
  pool,
};

const machine = {
  vmid: 191,
  acpi: 1,
  agent: "enabled=0,fstrim_cloned_disks=0,type=virtio",
  balloon: 0,
  bios: "seabios",
  boot: "order=ide3;scsi0;net0",
  ciuser: "ops",
  cores: 1,
  cpu: "x86-64-v2-AES",
  description: "lifeboat: prod/m",
  ide2: "file=local:cloudinit,",
  ide3: "file=none,media=cdrom,",
  ipconfig0: "ip=192.0.2.191/24,gw=192.0.2.1",
  keyboard: "en-us",
  memory: 512,
  name: "m",
  net0: "model=virtio,bridge=vmbr0,firewall=0",
  numa: 0,
  onboot: 0,
  ostype: "l26",
  protection: 0,
  scsi0:
    "file=local:1,format=raw,size=1073741824,aio=io_uring,backup=1,iothread=0,ssd=0,discard=ignore,cache=none,replicate=1",
  scsihw: "virtio-scsi-single",
  serial0: "socket",
  sockets: 1,
  tablet: 1,
  tags: "lifeboat",
  template: 0,
  pool,
};

const NODE = "/nodes/pve";

/** The requests of each resource, in order. */
const resources: Readonly<Record<string, () => Promise<void>>> = {
  container: async () => {
    await done("POST", `${NODE}/lxc`, { ...container, ostemplate: site.template });
    await site.call("GET", `${NODE}/lxc/190/config`, {}, caller);
  },
  "start of a container": async () => {
    await made("lxc", { ...container, ostemplate: site.template });
    await done("POST", `${NODE}/lxc/190/status/start`);
  },
  "end of a container": async () => {
    await made("lxc", { ...container, ostemplate: site.template });
    await done("DELETE", `${NODE}/lxc/190`);
  },
  machine: async () => {
    await done("POST", `${NODE}/qemu`, machine);
    await site.call("GET", `${NODE}/qemu/191/config`, {}, caller);
  },
  "address of a machine": async () => {
    await made("qemu", machine);
    const change = { name: "m", ciuser: "ops", ipconfig0: "ip=dhcp" };
    await site.call("PUT", `${NODE}/qemu/191/config`, change, caller);
    await site.call("PUT", `${NODE}/qemu/191/cloudinit`, {}, caller);
  },
  "disk of a machine": async () => {
    await made("qemu", machine);
    await done("PUT", `${NODE}/qemu/191/resize`, { disk: "scsi0", size: "2G" });
    const scsi0 = "file=local:191/vm-191-disk-0.raw,backup=0,replicate=1";
    await site.call("PUT", `${NODE}/qemu/191/config`, { name: "m", scsi0 }, caller);
  },
  "agent of a machine": async () => {
    await made("qemu", { ...machine, agent: 1 });
    expect((await site.task("POST", `${NODE}/qemu/191/status/start`)).status).toBe("OK");
    await site.call("POST", `${NODE}/qemu/191/agent/ping`, {}, caller);
  },
  job: async () => {
    const job = { id: "nightly", schedule: "01:00", storage: "data", vmid: "101", "prune-backups": "keep-daily=7" };
    await site.call("POST", "/cluster/backup", job, caller);
    await site.call("GET", "/cluster/backup/nightly", {}, caller);
  },
  storage: async () => {
    // Deleting it as one does would take its access rules with it.
    const { storages } = site.node.cluster.state;
    storages.splice(
      storages.findIndex((entry) => entry.storage === "data"),
      1,
    );
    const storage = { storage: "data", type: "dir", path: "/mnt/data", content: "backup", shared: 0 };
    await site.call("POST", "/storage", storage, caller);
    await site.call("GET", "/storage/data", {}, caller);
  },
  "view of a pool": async () => {
    if (!JSON.stringify(await site.call("GET", "/pools", {}, caller)).includes(pool)) throw new Error("not seen");
  },
};

async function done(method: "POST" | "PUT" | "DELETE", path: string, parameters: Record<string, string | number> = {}) {
  const { status } = await site.task(method, path, parameters, caller);
  if (status !== "OK") throw new Error(status);
}

/** By root, for what comes after. */
async function made(type: "lxc" | "qemu", parameters: Record<string, string | number>): Promise<void> {
  expect((await site.task("POST", `${NODE}/${type}`, parameters)).status).toBe("OK");
}

/** The roles as they are printed, less one privilege of one of them. */
function grantAll(less: { role: string; privilege: string } | undefined): void {
  const { access } = site.node.cluster.state;
  access.roles = printed.map(({ role, privileges }) => ({
    roleid: role,
    privileges: privileges.filter((privilege) => less?.role !== role || less.privilege !== privilege),
  }));
  access.acl = printed.flatMap(({ role: roleid, path, propagate }) => [
    { path, type: "user" as const, ugid: API_USER, roleid, propagate },
    { path, type: "token" as const, ugid: `${API_USER}!${API_TOKEN}`, roleid, propagate },
  ]);
}

/** Each resource on a site of its own. */
async function refused(less?: { role: string; privilege: string }): Promise<string[]> {
  const failed: string[] = [];
  for (const [name, send] of Object.entries(resources)) {
    site = await TestSite.open();
    const { access } = site.node.cluster.state;
    for (const user of access.users) if (user.userid === "operator@pve") user.userid = API_USER;
    for (const own of access.tokens) Object.assign(own, { userid: API_USER, tokenid: API_TOKEN });
    await site.call("POST", "/pools", { poolid: pool });
    grantAll(less);
    await send().catch(() => failed.push(name));
    site.close();
  }
  return failed;
}

test("with all of them every resource is made", async () => {
  expect(await refused()).toEqual([]);
});

const rows: readonly [role: string, privilege: string, failing: readonly string[]][] = [
  ["LifeboatSite", "Sys.Audit", ["job"]],
  ["LifeboatJobs", "Sys.Modify", ["job"]],
  ["LifeboatGuests", "VM.Audit", ["container", "machine"]],
  ["LifeboatGuests", "VM.Backup", []],
  ["LifeboatGuests", "VM.Allocate", ["container", "end of a container", "machine"]],
  ["LifeboatGuests", "VM.Snapshot", []],
  ["LifeboatGuests", "VM.PowerMgmt", ["start of a container"]],
  ["LifeboatGuests", "VM.Config.Disk", ["container", "machine", "disk of a machine"]],
  ["LifeboatGuests", "VM.Config.Network", ["container", "machine"]],
  ["LifeboatGuests", "VM.Config.Options", ["container", "machine", "address of a machine", "disk of a machine"]],
  ["LifeboatGuests", "VM.Config.CPU", ["container", "machine"]],
  ["LifeboatGuests", "VM.Config.Memory", ["container", "machine"]],
  ["LifeboatGuests", "VM.Config.HWType", ["machine"]],
  ["LifeboatGuests", "VM.GuestAgent.Audit", ["agent of a machine"]],
  ["LifeboatGuests", "VM.Config.Cloudinit", ["address of a machine"]],
  ["LifeboatStorages", "Datastore.Audit", []],
  ["LifeboatStorages", "Datastore.AllocateSpace", ["container", "machine", "disk of a machine"]],
  ["LifeboatBackups", "Datastore.Audit", []],
  ["LifeboatBackups", "Datastore.AllocateSpace", []],
  ["LifeboatBackups", "Datastore.Allocate", ["job", "storage"]],
  ["LifeboatNetworks", "SDN.Use", ["container", "machine"]],
  ["LifeboatPools", "Pool.Audit", ["view of a pool"]],
];

test("the table has every printed privilege", () => {
  const all = printed.flatMap(({ role, privileges }) => privileges.map((privilege) => `${role} ${privilege}`));
  expect(rows.map(([role, privilege]) => `${role} ${privilege}`).sort()).toEqual([...new Set(all)].sort());
});

// What is left out of the token's `deploy` stands in the list's features for looking, backups and restores.
test.each(rows)("%s without %s: exactly what needs it is refused", async (role, privilege, failing) => {
  expect(await refused({ role, privilege })).toEqual(failing);
  const isToDeploy = neededPrivileges(scope).some(
    (needed) => needed.privilege === privilege && needed.features.includes("deploy"),
  );
  expect(failing.length === 0 || isToDeploy).toBe(true);
});
