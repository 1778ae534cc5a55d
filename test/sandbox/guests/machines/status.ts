import type { Node } from "../../model/site";
import type { GuestState } from "../../model/state";
import type { Json } from "../../protocol/failure";
import { readConfiguration } from "../configuration";
import { agentEnabled } from "./agent-option";
import { driveKeys, readDrive } from "./drives";
import { memoryOf } from "./memory";
import { isRunning } from "./runtime";

const MEBIBYTE = 1024 ** 2;

/** The newest machine of the QEMU that Proxmox has. */
export const RUNNING_MACHINE = "pc-i440fx-10.1+pve0";

/** What the list of machines says (PVE::QemuServer::vmstatus). */
export async function machineStatus(node: Node, guest: GuestState): Promise<Record<string, Json>> {
  const { keys } = readConfiguration(guest.configuration);
  const running = await isRunning(node, guest);
  const tags = keys.get("tags");
  const lock = keys.get("lock");
  const memory = memoryOf(keys);
  return {
    vmid: guest.vmid,
    name: keys.get("name") ?? `VM ${guest.vmid}`,
    status: running ? "running" : "stopped",
    cpus: Number(keys.get("vcpus") ?? Number(keys.get("sockets") ?? 1) * Number(keys.get("cores") ?? 1)),
    maxmem: memory * MEBIBYTE,
    maxdisk: bootDiskSize(keys),
    cpu: 0,
    disk: 0,
    mem: 0,
    memhost: 0,
    netin: 0,
    netout: 0,
    uptime: 0,
    ...(tags === undefined ? {} : { tags }),
    ...(lock === undefined ? {} : { lock }),
    ...(keys.get("template") === "1" ? { template: 1 } : {}),
    ...([...keys].some(([key, value]) => /^serial\d$/.test(key) && value === "socket") ? { serial: 1 } : {}),
    ...(agentEnabled(keys) ? { agent: 1 } : {}),
    ...ballooning(keys),
    ...(running ? await usage(node, guest, memory * MEBIBYTE) : {}),
  };
}

/** What a running machine uses. The emulator does not measure: only `pid` and `uptime` are real. */
async function usage(node: Node, guest: GuestState, memory: number): Promise<Record<string, Json>> {
  const pid = await node.cluster.site.driver.machines.processId({ node: node.name, vmid: guest.vmid });
  return {
    pid: pid ?? guest.vmid,
    uptime: Math.max(0, node.clock.seconds() - (guest.startedAt ?? node.clock.seconds())),
    mem: Math.floor(memory / 4),
    memhost: Math.floor(memory / 4),
    diskread: 0,
    diskwrite: 0,
  };
}

/** What a machine says whose memory may shrink while it runs. */
function ballooning(keys: ReadonlyMap<string, string>): Record<string, Json> {
  const balloon = Number(keys.get("balloon") ?? 0);
  return balloon === 0 ? {} : { balloon_min: balloon * MEBIBYTE, shares: Number(keys.get("shares") ?? 1000) };
}

/** What `status/current` says, and the list with `full`. */
export async function fullMachineStatus(node: Node, guest: GuestState): Promise<Record<string, Json>> {
  const status = await machineStatus(node, guest);
  if (status["status"] !== "running") return { ...status, qmpstatus: "stopped" };
  return {
    ...status,
    qmpstatus: guest.isPaused === true ? "paused" : "running",
    "running-machine": RUNNING_MACHINE,
    "running-qemu": "10.1.2",
  };
}

/** Size of the disk that the machine boots from. */
function bootDiskSize(keys: ReadonlyMap<string, string>): number {
  const named = /(?:^|[=;])((?:ide|sata|scsi|virtio)\d+)/g;
  const order = [
    keys.get("bootdisk") ?? "",
    ...[...(keys.get("boot") ?? "").matchAll(named)].map((match) => match[1] ?? ""),
  ];
  for (const key of [...order, ...(keys.has("boot") ? [] : driveKeys(keys))]) {
    const text = keys.get(key);
    if (text === undefined) continue;
    const drive = readDrive(key, text);
    if (drive.media !== "cdrom") return drive.size ?? 0;
  }
  return 0;
}
