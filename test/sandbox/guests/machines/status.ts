import type { GuestState } from "../../model/state";
import type { Json } from "../../protocol/failure";
import { readConfiguration } from "../configuration";
import { driveKeys, readDrive } from "./drives";

const MEBIBYTE = 1024 ** 2;

/** What the list of machines says (PVE::QemuServer::vmstatus), for machines that do not run. */
export function machineStatus(guest: GuestState): Record<string, Json> {
  const { keys } = readConfiguration(guest.configuration);
  const tags = keys.get("tags");
  const lock = keys.get("lock");
  const memory = Number(/\d+/.exec(keys.get("memory") ?? "512")?.[0] ?? 512);
  return {
    vmid: guest.vmid,
    name: keys.get("name") ?? `VM ${guest.vmid}`,
    status: "stopped",
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
  };
}

/** What a machine says whose memory may shrink while it runs. */
function ballooning(keys: ReadonlyMap<string, string>): Record<string, Json> {
  const balloon = Number(keys.get("balloon") ?? 0);
  return balloon === 0 ? {} : { balloon_min: balloon * MEBIBYTE, shares: Number(keys.get("shares") ?? 1000) };
}

/** What `status/current` says, and the list with `full`. */
export function fullMachineStatus(guest: GuestState): Record<string, Json> {
  return { ...machineStatus(guest), qmpstatus: "stopped" };
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

/** Whether the guest agent is switched on in the configuration. */
export function agentEnabled(keys: ReadonlyMap<string, string>): boolean {
  const text = keys.get("agent");
  if (text === undefined) return false;
  const [first = ""] = text.split(",");
  return /^(1|on|yes|true)$/i.test(/(?:^|,)enabled=([^,]*)/.exec(text)?.[1] ?? first);
}
