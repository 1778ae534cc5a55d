import type { Node } from "../../model/site";
import type { GuestState } from "../../model/state";
import type { Json } from "../../protocol/failure";
import { readConfiguration } from "../configuration";
import { containerSpec, isRunning } from "./runtime";
import { mountsOf } from "./mount-points";

const MEBIBYTE = 1024 ** 2;

/** Size of a root disk that does not say it, as Proxmox assumes. */
const ASSUMED_ROOT = 4 * 1024 ** 3;

/** A node of the sandbox has two cores, whatever the machine below it has. */
const NODE_CPUS = 2;

/** What `status/current` and the list of containers say (PVE::LXC::vmstatus). */
export async function containerStatus(node: Node, guest: GuestState): Promise<Record<string, Json>> {
  const { keys } = readConfiguration(guest.configuration);
  const running = await isRunning(node, guest);
  const tags = keys.get("tags");
  const lock = keys.get("lock");
  const root = mountsOf(keys).find((mount) => mount.key === "rootfs");
  const maxdisk = root?.size === undefined || root.size === 0 ? ASSUMED_ROOT : root.size;
  return {
    type: "lxc",
    vmid: guest.vmid,
    status: running ? "running" : "stopped",
    name: (keys.get("hostname") ?? `CT${guest.vmid}`).replaceAll(/\s/g, ""),
    cpus: Number(keys.get("cores") ?? 0) || Number(keys.get("cpulimit") ?? 0) || NODE_CPUS,
    ...(tags === undefined ? {} : { tags }),
    maxdisk,
    maxmem: (Number(keys.get("memory") ?? 0) || 512) * MEBIBYTE,
    maxswap: Number(keys.get("swap") ?? 0) * MEBIBYTE,
    cpu: 0,
    disk: 0,
    diskread: 0,
    diskwrite: 0,
    mem: 0,
    netin: 0,
    netout: 0,
    swap: 0,
    uptime: 0,
    ...(keys.get("template") === "1" ? { template: 1 } : {}),
    ...(lock === undefined ? {} : { lock }),
    ...(running ? await usage(node, guest, maxdisk) : {}),
  };
}

/** What a running container uses. The emulator does not measure: only `pid` and `uptime` are real. */
async function usage(node: Node, guest: GuestState, maxdisk: number): Promise<Record<string, Json>> {
  const pid = await node.cluster.site.driver.processId(node.name, guest.vmid);
  // The file system's own size, which follows the volume's when it has grown (PVE::LXC::get_container_disk_usage).
  const root = await node.cluster.site.driver.rootFileSystem(node.name, guest.vmid);
  return {
    pid: pid ?? guest.vmid,
    uptime: Math.max(0, node.clock.seconds() - (guest.startedAt ?? node.clock.seconds())),
    disk: root?.used ?? Math.floor(maxdisk / 8),
    ...(root === undefined ? {} : { maxdisk: root.total }),
    mem: 4 * MEBIBYTE,
    ...Object.fromEntries(
      ["cpu", "io", "memory"].flatMap((resource) => [
        [`pressure${resource}some`, "0.00"],
        [`pressure${resource}full`, "0.00"],
      ]),
    ),
  };
}

/** What `interfaces` says: null for a container that does not run (PVE::LXC::get_interfaces). */
export async function containerInterfaces(node: Node, guest: GuestState): Promise<Json> {
  if (!(await isRunning(node, guest))) return null;
  const spec = await containerSpec(node, guest.vmid, readConfiguration(guest.configuration));
  const interfaces = await node.cluster.site.driver.interfaces(spec);
  if (interfaces === undefined) return null;
  return interfaces.map(({ name, hardwareAddress, addresses }) => {
    const last = (family: string) => addresses.findLast((address) => address.family === family);
    const inet = last("inet");
    const inet6 = last("inet6");
    return {
      name,
      hwaddr: hardwareAddress.toLowerCase(),
      "hardware-address": hardwareAddress.toLowerCase(),
      ...(inet === undefined ? {} : { inet: `${inet.address}/${inet.prefix}` }),
      ...(inet6 === undefined ? {} : { inet6: `${inet6.address}/${inet6.prefix}` }),
      "ip-addresses": addresses.map(({ address, prefix, family }) => ({
        "ip-address": address,
        "ip-address-type": family,
        prefix: String(prefix),
      })),
    };
  });
}
