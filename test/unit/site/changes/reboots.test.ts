import { reboots } from "../../../../site/changes/reboots";
import { containerOf, exampleContainer, liveConfiguration } from "../../../support/example-environment";

const { disks, network } = exampleContainer();
const running = { running: true, pool: undefined };

function reasons(settings: Readonly<Record<string, unknown>>, configuration = liveConfiguration()): string[] {
  return reboots(containerOf(settings), { ...running, configuration });
}

test("what is as it was reboots nothing, and neither does what the provider changes in place [A11]", () => {
  expect(reasons({})).toEqual([]);
  expect(
    reasons({
      cores: 4,
      tags: ["web"],
      description: "the shop",
      startOnBoot: false,
      protection: true,
      nesting: true,
      root: { storage: "local", size: "20GiB" },
    }),
  ).toEqual([]);
});

test.each<[Record<string, unknown>, string]>([
  [{ disks: { ...disks, cache: { ...disks.cache, backup: undefined } } }, "disk cache is put into backups"],
  [{ disks: { ...disks, data: { ...disks.data, backup: disks.cache.backup } } }, "disk data is taken out of backups"],
  [{ disks: { ...disks, data: { ...disks.data, mount: "/data" } } }, "disk data moves from /srv to /data"],
  [{ hostname: "shop" }, "host name from web to shop"],
  [{ memory: "2GiB" }, "memory from 512MiB to 2GiB"],
  [{ swap: "512MiB" }, "swap from none to 512MiB"],
  [{ osType: "ubuntu" }, "operating system from debian to ubuntu"],
  [{ nameservers: ["192.0.2.1"] }, "name servers from none to 192.0.2.1"],
  [{ searchDomain: "example.com" }, "search domain from none to example.com"],
  [{ network: { ...network, bridge: "vmbr1" } }, "bridge from vmbr0 to vmbr1"],
  [{ network: { ...network, mac: "BC:24:11:00:00:01" } }, "MAC address from BC:24:11:3D:14:E1 to BC:24:11:00:00:01"],
  [{ network: { ...network, vlan: 7 } }, "VLAN from none to 7"],
  [{ network: { ...network, firewall: true } }, "firewall of the interface from off to on"],
  [{ network: { ...network, address: "192.0.2.102/24" } }, "address from 192.0.2.101/24 to 192.0.2.102/24"],
  [{ network: { ...network, gateway: "192.0.2.2" } }, "gateway from 192.0.2.1 to 192.0.2.2"],
])("%j is named [A11]", (settings, reason) => {
  expect(reasons(settings)).toEqual([reason]);
});

test("a folder's flag, and addresses that are written in another way [A11]", () => {
  const media = { mount: "/zmedia", bind: "/tank", protectedBy: "zfs", readOnly: true };
  const live = liveConfiguration({ mp2: "/tank,mp=/zmedia" });
  expect(reasons({ disks: { ...disks, media } }, live)).toEqual(["disk media becomes read-only"]);
  const six = { bridge: "vmbr0", address: "2001:db8::7/64" };
  const net0 = "name=eth0,bridge=vmbr0,ip6=2001:0DB8:0:0::7/64,type=veth";
  expect(reasons({ network: six }, liveConfiguration({ net0 }))).toEqual([]);
});

test("a guest that does not run, or is to be stopped, is not rebooted [A11]", () => {
  const live = { ...running, configuration: liveConfiguration() };
  expect(reboots(containerOf({ memory: "2GiB" }), { ...live, running: false })).toEqual([]);
  expect(reboots(containerOf({ memory: "2GiB", started: false }), live)).toEqual([]);
});
