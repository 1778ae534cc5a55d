import { addUnused } from "../unused-volumes";
import { isDriveKey } from "../../../../proxmox/rules/property-strings";
import type { Log } from "../../drivers/driver";
import type { Node } from "../../model/site";
import { splitList } from "../../protocol/parameters";
import type { Configuration, Section } from "../configuration";
import { freeVolume, ownerOf } from "../volumes";
import { driveVolume, readDrive } from "./drives";
import { releaseDrive } from "./released-drive";

/** Options that change under a running machine without a device of its own (PVE::QemuServer, $fast_plug_option). */
const FAST =
  /^(?:description|hookscript|lock|migrate_downtime|migrate_speed|name|onboot|protection|shares|startup|tags|vmstatestorage|unused\d+|cicustom|cipassword|citype|ciuser|ciupgrade|nameserver|searchdomain|sshkeys|ipconfig\d+)$/;

/** Whether a change takes effect at once although the machine runs. The sandbox plugs no devices into one. */
export function isFast(key: string): boolean {
  return FAST.test(key);
}

/** Keeps a removal for the next start. @param force the removed disk is deleted then */
export function removeLater({ pending }: Configuration, key: string, force: boolean): void {
  pending.keys.delete(key);
  const rest = removalsOf(pending.keys).filter((name) => name.replace(/^!/, "") !== key);
  pending.keys.set("delete", [...rest, force ? `!${key}` : key].sort().join(","));
}

/** Takes back what waits for a key. A disk that was made for it stays as an unused one. */
export function forgetLater(configuration: Configuration, key: string, vmid: number): void {
  const { pending } = configuration;
  const waiting = pending.keys.get(key);
  const volume = waiting !== undefined && isDriveKey(key) ? driveVolume(readDrive(key, waiting)) : undefined;
  if (volume !== undefined && ownerOf(volume) === vmid && waiting !== configuration.keys.get(key)) {
    addUnused(configuration, volume);
  }
  pending.keys.delete(key);
  const rest = removalsOf(pending.keys).filter((name) => name.replace(/^!/, "") !== key);
  if (rest.length === 0) pending.keys.delete("delete");
  else pending.keys.set("delete", rest.join(","));
}

/** The configuration as it is after the next start (PVE::AbstractConfig::load_current_config). */
export function withPending({ keys, raw, pending }: Configuration): Section {
  const merged = new Map(keys);
  for (const [key, value] of pending.keys) if (key !== "delete") merged.set(key, value);
  for (const entry of removalsOf(pending.keys)) merged.delete(entry.replace(/^!/, ""));
  return { keys: merged, raw };
}

function removalsOf(keys: ReadonlyMap<string, string>): string[] {
  return splitList(keys.get("delete") ?? "");
}

/** Lets everything that waits take effect, as at a start (PVE::QemuServer::vmconfig_apply_pending). */
export async function applyPending(node: Node, vmid: number, configuration: Configuration, log: Log): Promise<void> {
  const { keys, pending } = configuration;
  for (const entry of removalsOf(pending.keys)) {
    const key = entry.replace(/^!/, "");
    const free = entry.startsWith("!") ? (volid: string) => freeVolume(node, volid, log) : undefined;
    if (isDriveKey(key)) await releaseDrive(node, vmid, configuration, key, log, free);
    keys.delete(key);
  }
  pending.keys.delete("delete");
  for (const [key, value] of pending.keys) {
    const isSame = isDriveKey(key) && keys.has(key) && fileOf(key, keys.get(key)) === fileOf(key, value);
    if (!isSame && isDriveKey(key)) await releaseDrive(node, vmid, configuration, key, log);
    keys.set(key, value);
  }
  pending.keys.clear();
}

function fileOf(key: string, text: string | undefined): string {
  return readDrive(key, text ?? "").file;
}
