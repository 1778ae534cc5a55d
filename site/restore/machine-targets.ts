import type { GuestConfiguration } from "../../proxmox/rules/guest-configuration";
import { parseDrive } from "../../proxmox/rules/property-strings";
import { seedDrives } from "./machine-drives";
import { storageOfVolume } from "./volumes";
import type { VolumeTargets } from "./volume-targets";

/**
 * The storage that all disks of a machine go to, where storages stand for those of its archive. Undefined: none does, and each disk
 * returns to its own. Proxmox knows nothing between the two.
 */
export function machineStandIn(
  archived: GuestConfiguration,
  storages: ReadonlyMap<string, string>,
): string | { readonly several: readonly string[] } | undefined {
  const own = new Set(machineTargets(archived, undefined).targets.map(({ storage }) => storage));
  const [first, ...more] = new Set([...own].map((storage) => storages.get(storage) ?? storage));
  if (first === undefined || ![...own].some((storage) => storages.has(storage))) return undefined;
  return more.length === 0 ? first : { several: [first, ...more] };
}

/**
 * The disks that a restore of a virtual machine makes. Proxmox takes no disks in the request: each goes to the storage that the
 * archive names, or all of them to the one of the request (semantics §5). Their sizes are those of the archive's configuration.
 *
 * @param storage puts every disk there
 * @throws PropertyStringError when a configuration cannot be read
 */
export function machineTargets(archived: GuestConfiguration, storage: string | undefined): VolumeTargets {
  const problems: string[] = [];
  const targets = (archived.dumpedDisks ?? []).flatMap(({ key, storage: named }) => {
    const text = archived.keys[key];
    const drive = text === undefined ? undefined : parseDrive(key, text, "keep");
    if (drive?.size === undefined) {
      problems.push(`the size of ${key} is not recorded in the archive`);
      return [];
    }
    const home = storage ?? (named === "" ? (storageOfVolume(drive.file) ?? "local") : named);
    return [{ key, path: key, storage: home, size: drive.size, filled: true }];
  });
  const seeds = seedDrives(archived.keys).map(({ key, file, size }) => {
    const home = storage ?? storageOfVolume(file) ?? "local";
    return { key, path: key, storage: home, size, filled: false };
  });
  return { parameters: storage === undefined ? {} : { storage }, targets: [...targets, ...seeds], problems };
}
