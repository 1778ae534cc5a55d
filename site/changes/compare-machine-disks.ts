import type { ConfigurationKeys } from "../../proxmox/rules/guest-configuration";
import { parseDrive } from "../../proxmox/rules/property-strings";
import { parseVolumeId } from "../../proxmox/rules/volume-ids";
import type { Bytes, MachineDisk, VirtualMachineGuest } from "../settings/environment";

/** One thing in which the disks of a virtual machine differ from its settings. */
export type MachineDiskDifference =
  /** In the settings and not in Proxmox. */
  | { readonly kind: "missing"; readonly disk: MachineDisk }
  /** `smaller`: it can grow. `larger`: nothing can make it smaller. */
  | {
      readonly kind: "smaller" | "larger";
      readonly disk: MachineDisk;
      readonly storage: string;
      readonly found: Bytes;
    };

/**
 * Disks of a virtual machine that are not there or have another size than the settings say. Disks are the same when they have
 * the same key.
 *
 * @param configuration keys and values as Proxmox returns them.
 */
export function compareMachineDisks(
  { disks }: VirtualMachineGuest,
  configuration: ConfigurationKeys,
): MachineDiskDifference[] {
  return disks.flatMap((disk): MachineDiskDifference[] => {
    const text = configuration[disk.key];
    if (text === undefined) return [{ kind: "missing", disk }];
    const { file, size } = parseDrive(disk.key, text, "keep");
    if (size === undefined || size === disk.size) return [];
    const storage = parseVolumeId(file)?.storage ?? disk.storage;
    return [{ kind: size < disk.size ? "smaller" : "larger", disk, storage, found: size }];
  });
}
