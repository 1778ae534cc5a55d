import type { ContainerNetwork } from "../../../../sandbox/drivers/driver";
import { devicesOf, plugLines, unplugLines } from "../../../../sandbox/drivers/real/card-devices";
import { firewallRuleset } from "../../../../sandbox/drivers/real/firewall-ruleset";

const nodes = ["pve-prod", "pve-lab"];
const guest = { node: "pve-lab", vmid: 101 };

function card(other: Partial<ContainerNetwork> = {}): ContainerNetwork {
  return {
    number: 0,
    name: "eth0",
    bridge: "vmbr0",
    hardwareAddress: "BC:24:11:00:00:01",
    ip: undefined,
    gateway: undefined,
    ip6: undefined,
    gateway6: undefined,
    linkDown: false,
    firewall: false,
    ...other,
  };
}

function plug(networks: ContainerNetwork[], ...present: string[]): string[] {
  return plugLines({ ...guest, networks }, nodes, new Set(["lo", "vmbr0", "v0-101i0", ...present]));
}

test("names of devices fit into the kernel's fifteen characters", () => {
  const longest = Object.values(devicesOf(nodes, { node: "pve-lab", vmid: 999_999_999, number: 31 }));
  expect(longest.map((name) => name.length)).toEqual([15, 15, 15, 15]);
});

test("a card without the firewall's flag is on the node's bridge itself, down where its link is [B1]", () => {
  expect(plug([card()], "v1-101i0")).toEqual(["link set v1-101i0 master vmbr0 up"]);
  expect(plug([card({ linkDown: true, firewall: true })], "v1-101i0")).toEqual(["link set v1-101i0 master vmbr0 down"]);
  expect(plug([card({ bridge: undefined })], "v1-101i0")).toEqual([]);
});

test("with the flag a bridge of its own is between them, made once [B1]", () => {
  const made = plug([card({ firewall: true })], "v1-101i0");
  expect(made).toContain("link set v1-101i0 master b1-101i0 up");
  expect(made).toContain("link set p1-101i0 master vmbr0 up");
  expect(made).toContain("link add b1-101i0 type bridge mcast_snooping 0");
  const again = plug([card({ firewall: true })], "v1-101i0", "b1-101i0", "p1-101i0", "l1-101i0");
  expect(again.filter((line) => line.startsWith("link add"))).toEqual([]);
});

test("without the flag again the bridge goes, and a card that is gone goes with all it had [B1]", () => {
  expect(plug([card()], "v1-101i0", "b1-101i0", "p1-101i0", "l1-101i0")).toEqual([
    "link set v1-101i0 master vmbr0 up",
    "link delete p1-101i0",
    "link delete b1-101i0",
  ]);
  expect(plug([], "v1-101i0", "b1-101i0", "p1-101i0", "l1-101i0", "v1-1011i0")).toEqual([
    "link delete v1-101i0",
    "link delete b1-101i0",
    "link delete p1-101i0",
  ]);
});

test("a guest that ends leaves no device, and those of others stay", () => {
  const present = ["v1-101i0", "b1-101i0", "p1-101i0", "l1-101i0", "b0-101i0", "b1-1010i0", "vmbr0"];
  expect(unplugLines(nodes, guest, new Set(present))).toEqual(["link delete b1-101i0", "link delete p1-101i0"]);
});

test("the ruleset replaces what was there, and without cards nothing is left [B1]", () => {
  const none = firewallRuleset([], nodes);
  expect(none.split("\n").filter((line) => line.startsWith("delete"))).toHaveLength(2);
  expect(none).not.toContain("{");
  const some = firewallRuleset(
    [{ ...guest, number: 0, incoming: ["tcp dport 22 accept", "drop"], outgoing: ["accept"] }],
    nodes,
  );
  expect(some.startsWith(none.trimEnd())).toBe(true);
  expect(some).toContain(`  chain in-b1-101i0 {\n    tcp dport 22 accept\n    drop\n  }`);
  expect(some).toContain(`iifname "b1-101i0" meta mark 0x1 goto out-b1-101i0`);
});
