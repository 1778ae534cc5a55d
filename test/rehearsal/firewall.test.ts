import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { firewallRuleset } from "../sandbox/drivers/real/firewall-ruleset";
import { guardedCards } from "../sandbox/guests/containers/enforce-firewall";
import { layoutOf } from "../sandbox/setup/layout";
import { firewalledCluster } from "../support/firewalled-cluster";
import { typeScript } from "./support/commands";
import { DemoSite, expectExit } from "./support/demo-site";
import { addSender, tryPort, tryPorts } from "./support/site-network";

// The sandbox enforces Proxmox's firewall on real packets. Each test stands on the one before.
const isRoot = process.getuid?.() === 0;
const parent = mkdtempSync(join(tmpdir(), "lifeboat-firewall-"));
const printed: string[] = [];
const site = new DemoSite(join(parent, "site"), "real", (line) => printed.push(line));
const node = "192.0.2.11";
const guest = { id: 101, address: "192.0.2.101" };
const lxc = `/nodes/pve-prod/lxc/${guest.id}`;
/** A network that the rules name, and one that they do not. */
const named = "198.51.100.7";
const other = "203.0.113.7";
const service = 9000;
const ssh = { from: node, to: guest.address, port: 22 };
const card = "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:01:01,ip=192.0.2.101/24,gw=192.0.2.1";

const icmpTypes = [
  "any",
  "8",
  "echo-request",
  "echo-reply",
  "fragmentation-needed",
  "port-unreachable",
  "time-exceeded",
];
const icmpv6Types = ["128", "echo-request", "neighbor-solicitation", "packet-too-big", "router-advertisement"];
const everyRule = [
  ...["SSH", "Ping", "HTTP", "HTTPS", "Web", "DNS"].map((macro) => `IN ${macro}(ACCEPT) -source +clients`),
  ...icmpTypes.map((type) => `IN ACCEPT -p icmp -icmp-type ${type}`),
  ...icmpv6Types.map((type) => `IN ACCEPT -p icmpv6 -icmp-type ${type}`),
  "IN Citrix(DROP) -source 192.0.2.7",
  "IN ACCEPT -source 0.0.0.0/0 -p tcp -dport 80,80:90",
  "IN ACCEPT -source ::/0 -dest 2001:db8::1 -p sctp -dport 1:5 -sport 9,10",
  "IN REJECT -source 192.0.2.1-192.0.2.9 -p 99",
  "GROUP api",
  "OUT DROP -dest office -p gre",
];
const everyName = `[OPTIONS]

enable: 1

[ALIASES]

office 198.51.100.0/24

[IPSET clients]

dc/office
192.0.2.0/24
!192.0.2.128/25
2001:db8::/32

[IPSET blacklist]

203.0.113.0/24

[group api]

IN ACCEPT -source +clients -p tcp -dport 9000
OUT DROP -p udp
`;

jest.setTimeout(10 * 60_000);

beforeAll(async () => {
  if (!isRoot) return;
  expectExit(await site.sandbox("up", "--driver", "real"), [0], "the sandbox");
  await addSender(site, named);
  await addSender(site, other);
  await asRoot(
    "POST",
    "/nodes/pve-prod/lxc",
    `vmid=${guest.id}`,
    "hostname=store",
    "ostemplate=local:vztmpl/debian-12-standard_amd64.tar.zst",
    "rootfs=local:2",
    "memory=256",
    `net0=${card},firewall=1`,
    `ssh-public-keys=${readFileSync(layoutOf(site.folder).sshPublicKey, "utf8")}`,
  );
  await start();
}, 10 * 60_000);

afterAll(async () => {
  if (isRoot) await site.sandbox("down");
  rmSync(parent, { recursive: true, force: true });
});

/** A request of the site's administrator. */
async function asRoot(method: string, path: string, ...fields: string[]): Promise<void> {
  const program = [process.execPath, ...typeScript("test/rehearsal/support/root-request.ts")];
  expectExit(await site.inside(...program, site.folder, node, method, path, ...fields), [0], `${method} ${path}`);
}

/** Starts the guest, with a second SSH server as the service that the rules are about. */
async function start(): Promise<void> {
  await asRoot("POST", `${lxc}/status/start`);
  for (let attempt = 0; attempt < 50 && (await tryPort(site, ssh)) !== "open"; attempt += 1) await sleep(200);
  await inGuest(`/usr/sbin/sshd -p ${service}`);
}

async function inGuest(command: string): Promise<string> {
  return expectExit(await site.ssh(guest.address, command), [0], command).stdout.trim();
}

/** What the service's port answers to each sender. */
function from(...senders: string[]): Promise<string[]> {
  return tryPorts(
    site,
    senders.map((sender) => ({ from: sender, to: guest.address, port: service })),
  );
}

/** What there is of the firewall in the site's network: tables, and devices beside the guests' own cards. */
async function leftovers(): Promise<string[]> {
  const tables = await site.inside("nft", "list", "tables");
  const links = await site.inside("ip", "-brief", "link", "show");
  const devices = links.stdout.split("\n").filter((line) => /^[bpl]\d+-/u.test(line));
  return [...tables.stdout.split("\n").filter((line) => line !== ""), ...devices];
}

(isRoot ? describe : describe.skip)("the firewall of a guest", () => {
  test("without the switches of datacenter and guest everybody gets in, whatever the rules say [B1]", async () => {
    await asRoot(
      "POST",
      `${lxc}/firewall/rules`,
      "type=in",
      "action=ACCEPT",
      "macro=SSH",
      "source=192.0.2.0/24",
      "enable=1",
    );
    await asRoot(
      "POST",
      `${lxc}/firewall/rules`,
      "type=in",
      "action=ACCEPT",
      "proto=tcp",
      `dport=${service}`,
      "source=198.51.100.0/24",
      "enable=1",
    );
    expect(await from(named, other, node)).toEqual(["open", "open", "open"]);
  });

  test("with them the service is reached from the named network only, and SSH goes on [B1]", async () => {
    await asRoot("PUT", `${lxc}/firewall/options`, "enable=1");
    await asRoot("PUT", "/cluster/firewall/options", "enable=1");
    expect(await from(named, other, node)).toEqual(["open", "silent", "silent"]);
    expect(await tryPort(site, { ...ssh, from: named })).toBe("silent");
    expect(await inGuest("hostname")).toBe("store");
  });

  test("what the guest itself begins is answered unless a rule for its way out forbids it, and large answers arrive whole [B1]", async () => {
    // No rule lets anybody in at this port: packets of the guest are not taken for packets to it.
    const connect = `timeout 10 bash -c 'exec 3<>/dev/tcp/${node}/8006' && echo connected || echo refused`;
    expect(await inGuest(connect)).toBe("connected");
    await asRoot("POST", `${lxc}/firewall/rules`, "type=out", "action=REJECT", "proto=tcp", "dport=8006", "enable=1");
    expect(await inGuest(connect)).toContain("refused");
    await asRoot("DELETE", `${lxc}/firewall/rules/0`);
    expect(await inGuest("head -c 20000000 /dev/zero | base64 -w0 | tail -c 5")).toBe("AAAA=");
  });

  test.each([
    ["the datacenter's", "/cluster/firewall/options", "enable"],
    ["the guest's", `${lxc}/firewall/options`, "enable"],
  ])("%s switch off: everybody gets in; on again: nobody but the named [B1]", async (_, path, option) => {
    await asRoot("PUT", path, `${option}=0`);
    expect(await from(other)).toEqual(["open"]);
    await asRoot("PUT", path, `${option}=1`);
    expect(await from(named, other)).toEqual(["open", "silent"]);
  });

  test("the card's switch off and on again, while the guest runs [B1]", async () => {
    await asRoot("PUT", `${lxc}/config`, `net0=${card}`);
    expect(await from(other)).toEqual(["open"]);
    expect((await leftovers()).filter((line) => !line.startsWith("table"))).toEqual([]);
    await asRoot("PUT", `${lxc}/config`, `net0=${card},firewall=1`);
    expect(await from(named, other)).toEqual(["open", "silent"]);
  });

  test("the node's own switch off changes nothing for guests, as in Proxmox [B1]", async () => {
    await asRoot("PUT", "/nodes/pve-prod/firewall/options", "enable=0");
    expect(await from(named, other)).toEqual(["open", "silent"]);
  });

  test("rules count in their order, aliases and sets stand for their addresses [B1]", async () => {
    await asRoot("POST", "/cluster/firewall/ipset", "name=clients");
    await asRoot("POST", "/cluster/firewall/ipset/clients", "cidr=203.0.113.0/24");
    const admit = ["type=in", "action=ACCEPT", "proto=tcp", `dport=${service}`, "source=+clients", "enable=1"];
    await asRoot("POST", `${lxc}/firewall/rules`, ...admit);
    expect(await from(other)).toEqual(["open"]);
    await asRoot("POST", "/cluster/firewall/ipset/clients", `cidr=${other}`, "nomatch=1");
    expect(await from(other)).toEqual(["silent"]);
    await asRoot(
      "POST",
      `${lxc}/firewall/rules`,
      "type=in",
      "action=REJECT",
      "proto=tcp",
      "source=203.0.113.0/24",
      "enable=1",
    );
    expect(await from(named, other)).toEqual(["open", "refused"]);
  });

  test("holds after a start of the guest, and after the emulator was killed [B1]", async () => {
    await asRoot("POST", `${lxc}/status/stop`);
    await asRoot("DELETE", `${lxc}/firewall/rules/0`);
    await start();
    expect(await from(named, other)).toEqual(["open", "silent"]);
    const { pid }: { pid: number } = JSON.parse((await site.sandbox("status", "--json")).stdout);
    process.kill(pid, "SIGKILL");
    expect(await from(named, other)).toEqual(["open", "silent"]);
    expectExit(await site.sandbox("up", "--driver", "real"), [0], "the sandbox again");
    expect(await from(named, other)).toEqual(["open", "silent"]);
    await asRoot("PUT", `${lxc}/firewall/options`, "policy_in=REJECT");
    expect(await from(other)).toEqual(["refused"]);
  });

  test("nftables takes every kind of rule and option [B1]", async () => {
    const file = join(parent, "rules.nft");
    const all = [
      "policy_in: REJECT\npolicy_out: REJECT\nipfilter: 1\nradv: 1",
      "policy_out: DROP",
      "ndp: 0\ndhcp: 0\nmacfilter: 0",
    ];
    for (const options of all) {
      const guestFile = `[OPTIONS]\nenable: 1\n${options}\n\n[RULES]\n\n${everyRule.join("\n")}\n`;
      const cards = guardedCards(firewalledCluster({ datacenter: everyName, guest: guestFile }));
      expect(cards[0]?.incoming.length).toBeGreaterThan(everyRule.length);
      writeFileSync(file, firewallRuleset(cards, ["pve-prod"]));
      expectExit(await site.inside("nft", "--check", "--file", file), [0], "nft");
    }
  });

  test("goes with the guest", async () => {
    expect(await leftovers()).not.toEqual([]);
    await asRoot("DELETE", lxc, "force=1");
    expect(await leftovers()).toEqual([]);
  });
});
