import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { operator, TestSite } from "./support";

/** What is asked of a machine besides power and configuration (PVE::API2::Qemu, PVE::API2::Qemu::Agent, PVE::QemuServer::Cloudinit). */
let site: TestSite;

beforeEach(async () => {
  site = await TestSite.open();
});

afterEach(() => site.close());

const GUEST = "/nodes/pve/qemu/120";

async function machine(parameters: Record<string, string> = {}): Promise<void> {
  const made = await site.task("POST", "/nodes/pve/qemu", { vmid: 120, name: "db", memory: "256", ...parameters });
  expect(made.status).toBe("OK");
}

async function start(): Promise<void> {
  expect((await site.task("POST", `${GUEST}/status/start`)).status).toBe("OK");
}

/** A public key that OpenSSH reads, of no one. */
const KEY = `ssh-ed25519 ${Buffer.from(`\0\0\0\x0bssh-ed25519\0\0\0\x20${"k".repeat(32)}`).toString("base64")} operator`;

const SEED = {
  ciuser: "op",
  cipassword: "$5$salt$hash",
  sshkeys: encodeURIComponent(`${KEY}\n`),
  searchdomain: "example.org",
  nameserver: "192.0.2.53",
  net0: "virtio=BC:24:11:00:00:20,bridge=vmbr0",
  net1: "virtio=BC:24:11:00:00:21,bridge=vmbr0",
  ipconfig0: "ip=192.0.2.120/26,gw=192.0.2.65,ip6=auto",
  ipconfig1: "ip=dhcp",
};

const USER = `#cloud-config
hostname: db
manage_etc_hosts: true
fqdn: db.example.org
user: op
password: $5$salt$hash
ssh_authorized_keys:
  - ${KEY}
chpasswd:
  expire: False
users:
  - default
package_upgrade: true
`;

const NETWORK = `version: 1
config:
    - type: physical
      name: eth0
      mac_address: 'bc:24:11:00:00:20'
      subnets:
      - type: static
        address: '192.0.2.120'
        netmask: '255.255.255.192'
        gateway: '192.0.2.65'
      - type: ipv6_slaac
    - type: physical
      name: eth1
      mac_address: 'bc:24:11:00:00:21'
      subnets:
      - type: dhcp4
    - type: nameserver
      address:
      - '192.0.2.53'
      search:
      - 'example.org'
`;

test("what cloud-init is given is shown word for word; the password only to who may change it", async () => {
  await machine({ ...SEED });
  const dump = (type: string, caller = undefined as Parameters<TestSite["call"]>[3]) =>
    site.call("GET", `${GUEST}/cloudinit/dump`, { type }, caller);
  const password = /password: (.*)/u.exec(String(await dump("user")))?.[1] ?? "";
  const user = USER.replace("$5$salt$hash", () => password);
  expect([await dump("user"), await dump("network")]).toEqual([user, NETWORK]);
  const id = createHash("sha1")
    .update(user + NETWORK)
    .digest("hex");
  expect(await dump("meta")).toBe(`instance-id: ${id}\n`);
  site.grant("operator@pve", "/vms/120", "VM.Audit");
  expect(await dump("user", operator)).toContain("password: **********\n");
});

test("Windows is given another form, and a machine that names no resolver has its node's", async () => {
  await machine({ ostype: "win11", net0: SEED.net0, ipconfig0: "ip=192.0.2.120/24,gw=192.0.2.1,ip6=2001:db8::5/64" });
  await mkdir(site.node.path("/etc"), { recursive: true });
  await writeFile(
    site.node.path("/etc/resolv.conf"),
    "search example.net\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n",
  );
  expect(await site.call("GET", `${GUEST}/cloudinit/dump`, { type: "network" })).toBe(
    `auto lo
iface lo inet loopback

        dns_nameservers 192.0.2.1 192.0.2.2
        dns_search example.net
auto eth0
iface eth0 inet static
        address 192.0.2.120
        netmask 255.255.255.0
        gateway 192.0.2.1
iface eth0 inet6 static
        address 2001:db8::5
        netmask 64
`,
  );
  expect(await site.call("GET", `${GUEST}/cloudinit/dump`, { type: "meta" })).toMatch(
    /^\{\n {5}"uuid": "[0-9a-f]{40}",\n/u,
  );
});

test("files of a machine are written and read through its agent, whole or in part", async () => {
  await machine({ agent: "1" });
  const file = "/root/note";
  expect(await site.refusal("GET", `${GUEST}/agent/file-read`, { file })).toMatchObject({
    message: "VM 120 is not running",
  });
  await start();
  expect(await site.call("POST", `${GUEST}/agent/file-write`, { file, content: "one two\n" })).toBeNull();
  const read = (more: Record<string, number>) => site.call("GET", `${GUEST}/agent/file-read`, { file, ...more });
  expect(await read({})).toEqual({ content: "one two\n", "bytes-read": 8 });
  expect(await read({ offset: 4, count: 3 })).toEqual({ content: "two", "bytes-read": 3, truncated: 1 });
  expect(await read({ decode: 0 })).toEqual({ content: Buffer.from("one two\n").toString("base64"), "bytes-read": 8 });
  expect(await site.refusal("GET", `${GUEST}/agent/file-read`, { file: "/none" })).toMatchObject({
    message: "Agent error: failed to open file '/none' (mode: 'r'): No such file or directory",
  });
  site.grant("operator@pve", "/vms/120", "VM.GuestAgent.FileRead");
  expect(await site.refusal("POST", `${GUEST}/agent/file-write`, { file, content: "x" }, operator)).toMatchObject({
    status: 403,
  });
  expect(await site.call("GET", `${GUEST}/agent/file-read`, { file }, operator)).toMatchObject({ "bytes-read": 8 });
});

test("the agent's commands have their list and the older way, and a machine without one is refused", async () => {
  await machine();
  const list = await site.call("GET", `${GUEST}/agent`);
  expect(list).toEqual(expect.arrayContaining([{ name: "file-read" }, { name: "suspend-ram" }, { name: "ping" }]));
  expect(await site.refusal("POST", `${GUEST}/agent`, { command: "ping" })).toMatchObject({
    message: "No QEMU guest agent configured",
  });
  await site.call("PUT", `${GUEST}/config`, { agent: "1" });
  await start();
  expect(await site.call("POST", `${GUEST}/agent`, { command: "ping" })).toEqual({ result: {} });
  expect(
    await site.call("POST", `${GUEST}/agent/set-user-password`, { username: "op", password: "not-a-secret" }),
  ).toEqual({ result: {} });
});

test("keys are pressed in a machine that runs, and QEMU says which it does not know", async () => {
  await machine();
  expect(await site.refusal("PUT", `${GUEST}/sendkey`, { key: "ret" })).toMatchObject({
    message: "VM 120 not running",
  });
  await start();
  expect(await site.call("PUT", `${GUEST}/sendkey`, { key: "ctrl-alt-delete" })).toBeNull();
  expect(await site.refusal("PUT", `${GUEST}/sendkey`, { key: "ctrl-nonsense" })).toMatchObject({
    message: expect.stringContaining("invalid parameter: nonsense"),
  });
});

test("a container's processes cannot be written down: its node tries, and says which command failed", async () => {
  await site.create(101);
  const status = "/nodes/pve/lxc/101/status";
  expect(await site.refusal("POST", `${status}/suspend`)).toMatchObject({ message: "CT 101 not running" });
  const resumed = await site.task("POST", `${status}/resume`);
  expect(resumed.status).toBe(
    "command 'lxc-checkpoint -n 101 -r --foreground -D /var/lib/vz/dump' failed: exit code 1",
  );
  await site.task("POST", `${status}/start`);
  const suspended = await site.task("POST", `${status}/suspend`);
  expect([suspended.upid, suspended.status]).toEqual([
    expect.stringContaining(":vzsuspend:101:"),
    "command 'lxc-checkpoint -n 101 -s -D /var/lib/vz/dump' failed: exit code 1",
  ]);
  expect(await site.refusal("POST", `${status}/resume`)).toMatchObject({ message: "CT 101 already running" });
});
