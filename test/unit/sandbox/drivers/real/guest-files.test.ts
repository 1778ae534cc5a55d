import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContainerSpec } from "../../../../sandbox/drivers/driver";
import { prepareFirstUse } from "../../../../sandbox/drivers/real/first-use";
import { GuestTree } from "../../../../sandbox/drivers/real/guest-tree";
import { lxcConfiguration } from "../../../../sandbox/drivers/real/lxc-configuration";
import { haltSignal, writeStartFiles } from "../../../../sandbox/drivers/real/prepare-start";
import { hostsFile, networkdFile, resolverFile } from "../../../../sandbox/drivers/real/start-files";

const network = {
  number: 0,
  name: "eth0",
  bridge: "vmbr0",
  hardwareAddress: "BC:24:11:00:00:01",
  ip: "192.0.2.101/24",
  gateway: "192.0.2.1",
  ip6: undefined,
  gateway6: undefined,
  linkDown: false,
  firewall: false,
};

const container: ContainerSpec = {
  node: "pve-prod",
  vmid: 101,
  hostname: "web",
  mounts: [],
  bindMounts: [],
  networks: [network],
  nameservers: ["192.0.2.53"],
  searchDomain: "example.com",
  cores: 1,
  memory: 512,
  nesting: false,
};

let root: string;
let tree: GuestTree;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "lifeboat-"));
  tree = new GuestTree(root);
});

afterEach(() => rmSync(root, { recursive: true }));

describe("a guest's tree", () => {
  test("follows absolute links within the guest, never out of it", async () => {
    mkdirSync(join(root, "etc"));
    symlinkSync("/etc", join(root, "settings"));
    symlinkSync("../../../../etc/real", join(root, "etc/indirect"));
    writeFileSync(join(root, "etc/real"), "in the guest");
    expect(await tree.read("/settings/real")).toBe("in the guest");
    expect(await tree.read("/etc/indirect")).toBe("in the guest");
    symlinkSync("/etc/passwd", join(root, "etc/passwd-link"));
    expect(await tree.read("/etc/passwd-link")).toBeUndefined();
  });

  test("replaces a link instead of writing through it", async () => {
    mkdirSync(join(root, "etc"));
    const outside = join(root, "outside");
    writeFileSync(outside, "untouched");
    symlinkSync(outside, join(root, "etc/resolv.conf"));
    await tree.write("/etc/resolv.conf", "new");
    expect(readFileSync(outside, "utf8")).toBe("untouched");
    expect(readFileSync(join(root, "etc/resolv.conf"), "utf8")).toBe("new");
  });

  test("gives up on links that go round in circles", async () => {
    symlinkSync("b", join(root, "a"));
    symlinkSync("a", join(root, "b"));
    await expect(tree.read("/a")).rejects.toThrow("too many levels of symbolic links");
  });
});

describe("files before a start", () => {
  test("hosts: Proxmox's section is replaced, own lines stay", () => {
    const first = hostsFile("127.0.0.1 localhost\n10.0.0.1 own\n", container);
    const renamed = hostsFile(first, { ...container, hostname: "shop", searchDomain: undefined });
    expect(renamed).toBe(
      "127.0.0.1 localhost\n10.0.0.1 own\n# --- BEGIN PVE ---\n192.0.2.101 shop\n# --- END PVE ---\n",
    );
  });

  test("resolver: untouched when the configuration names nothing", () => {
    expect(
      resolverFile("nameserver 192.0.2.9\n", { ...container, nameservers: [], searchDomain: undefined }),
    ).toBeUndefined();
    expect(resolverFile(undefined, container)).toBe(
      "# --- BEGIN PVE ---\nsearch example.com\nnameserver 192.0.2.53\n# --- END PVE ---\n",
    );
  });

  test("network: static, DHCP and none", () => {
    expect(networkdFile(network)).toContain("Address = 192.0.2.101/24\nGateway = 192.0.2.1\nDHCP = no\n");
    expect(networkdFile({ ...network, ip: "dhcp" })).toContain("DHCP = ipv4\n");
    expect(networkdFile({ ...network, ip: "dhcp", ip6: "dhcp" })).toContain("DHCP = yes\n");
    expect(networkdFile({ ...network, ip: undefined })).not.toContain("Address");
  });

  test("are written for networkd, or for ifupdown where the guest has it; ignored ones stay", async () => {
    mkdirSync(join(root, "etc"));
    writeFileSync(join(root, "etc/.pve-ignore.hosts"), "");
    writeFileSync(join(root, "etc/hosts"), "mine\n");
    await writeStartFiles(tree, container);
    expect(readFileSync(join(root, "etc/hostname"), "utf8")).toBe("web\n");
    expect(readFileSync(join(root, "etc/hosts"), "utf8")).toBe("mine\n");
    expect(existsSync(join(root, "etc/systemd/network/eth0.network"))).toBe(true);
    mkdirSync(join(root, "sbin"));
    writeFileSync(join(root, "sbin/ifup"), "");
    await writeStartFiles(tree, container);
    expect(readFileSync(join(root, "etc/network/interfaces"), "utf8")).toContain(
      "iface eth0 inet static\n\taddress 192.0.2.101/24\n\tgateway 192.0.2.1\n",
    );
  });

  test("the halt signal is the init's own", async () => {
    expect(await haltSignal(tree)).toBe("SIGPWR");
    mkdirSync(join(root, "usr/sbin"), { recursive: true });
    symlinkSync("usr/sbin", join(root, "sbin"));
    symlinkSync("/lib/systemd/systemd", join(root, "usr/sbin/init"));
    expect(await haltSignal(tree)).toBe("SIGRTMIN+3");
  });
});

describe("the first use of a template", () => {
  test("gives identities of its own, keys and a password", async () => {
    mkdirSync(join(root, "etc/ssh"), { recursive: true });
    writeFileSync(join(root, "etc/machine-id"), "");
    writeFileSync(join(root, "etc/shadow"), "root:*:20000:0:99999:7:::\ndaemon:*:20000:0:99999:7:::\n");
    await prepareFirstUse(tree, container, { sshPublicKeys: "ssh-ed25519 AAAA you", rootPassword: "not-a-secret-1" });
    expect(readFileSync(join(root, "etc/machine-id"), "utf8")).toMatch(/^[0-9a-f]{32}\n$/);
    expect(readFileSync(join(root, "root/.ssh/authorized_keys"), "utf8")).toBe("ssh-ed25519 AAAA you\n");
    expect(readFileSync(join(root, "etc/ssh/ssh_host_ed25519_key.pub"), "utf8")).toContain("root@web");
    const shadow = readFileSync(join(root, "etc/shadow"), "utf8");
    expect(shadow).toMatch(/^root:\$6\$[0-9a-f]{16}\$[./0-9A-Za-z]{86}:20000:0:99999:7:::\ndaemon:\*/);
    expect(shadow).not.toContain("not-a-secret-1");
  });
});

describe("LXC's configuration", () => {
  const surroundings = { rootFolder: "/site/rootfs", cards: ["v0-101i0"], haltSignal: "SIGPWR", processors: 4 };

  test("leaves the bridge out, which LXC would look for in another namespace", () => {
    const text = lxcConfiguration(container, { ...surroundings, controlGroups: 1 });
    expect(text).toContain("lxc.net.0.veth.pair = v0-101i0\nlxc.net.0.name = eth0\n");
    expect(text).not.toContain("lxc.net.0.link");
    expect(text).toContain("lxc.cgroup.memory.limit_in_bytes = 536870912\nlxc.cgroup.cpuset.cpus = 0-0\n");
  });

  test("speaks the machine's control groups, and asks for no more processors than there are", () => {
    const text = lxcConfiguration({ ...container, cores: 8 }, { ...surroundings, controlGroups: 2 });
    expect(text).toContain("lxc.cgroup2.memory.max = 536870912\n");
    expect(text).not.toContain("cpuset");
  });

  test("lets containers nest only where the configuration says so", () => {
    expect(lxcConfiguration(container, { ...surroundings, controlGroups: 1 })).not.toContain("nesting.conf");
    expect(lxcConfiguration({ ...container, nesting: true }, { ...surroundings, controlGroups: 1 })).toContain(
      "lxc.include = /usr/share/lxc/config/nesting.conf\nlxc.cap.drop =\n",
    );
  });
});
