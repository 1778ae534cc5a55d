/**
 * The rights that options of a virtual machine need (qemu-server 9.2, PVE::API2::Qemu). root@pam may everything.
 *
 * Most options need the privilege of their group, whatever their value. What drives, ports and passed-through devices need
 * depends on the value.
 */
import { newVolumeSize } from "../../../../proxmox/rules/volume-ids";
import { isDriveKey, parseNetwork, type Drive } from "../../../../proxmox/rules/property-strings";
import type { Authority } from "../../model/access";
import type { Cluster } from "../../model/site";
import { death, parameterFailure } from "../../protocol/failure";
import { checkVirtualNetwork } from "../containers/networks";
import { checkVolumeAccess, holds, parseVolume, requireStorage, type ContentType } from "../storages";
import { driveKeys, isSeed, readDrive } from "./drives";

/** Who changes which machine. */
export interface MachineChange {
  cluster: Cluster;
  authority: Authority;
  vmid: number;
  /** Pool that a new machine goes into. */
  pool?: string | undefined;
}

/** Options by the group's privilege ($cpuoptions, $memoryoptions and so on). */
const GROUPS: readonly { privilege: string; options: RegExp }[] = [
  { privilege: "VM.Config.CPU", options: /^(?:cores|cpu|cpulimit|cpuunits|numa\d*|smp|sockets|vcpus)$/ },
  { privilege: "VM.Config.Memory", options: /^(?:memory|balloon|shares|allow-ksm)$/ },
  {
    privilege: "VM.Config.HWType",
    options: /^(?:acpi|hotplug|kvm|machine|scsihw|smbios1|tablet|vga|watchdog|audio0|rng0)$/,
  },
  {
    privilege: "VM.Config.Options",
    options:
      /^(?:agent|autostart|bios|description|keyboard|localtime|migrate_downtime|migrate_speed|name|onboot|ostype|protection|reboot|startdate|startup|tdf|template)$/,
  },
  { privilege: "VM.PowerMgmt", options: /^freeze$/ },
  { privilege: "VM.Config.Disk", options: /^(?:boot|bootdisk|vmstatestorage)$/ },
  { privilege: "VM.Config.Network", options: /^net\d+$/ },
];

const CLOUD_INIT = /^(?:cicustom|cipassword|citype|ciuser|ciupgrade|nameserver|searchdomain|sshkeys|ipconfig\d+)$/;

/** Options whose value, or the value that they had, decides: they are checked elsewhere. */
const BY_VALUE = /^(?:cdrom|tags|(?:unused|serial|usb|hostpci|virtiofs)\d+)$/;

/**
 * The rights that options need whatever their value ($check_vm_modify_config_perm).
 * @throws the 403 of the first option that is not allowed; 500 for one that only root may set
 */
export function checkOptionGroups({ authority, vmid, pool }: MachineChange, keys: readonly string[]): void {
  if (authority.isRoot) return;
  for (const key of keys) {
    if (isDriveKey(key) || BY_VALUE.test(key)) continue;
    const group = GROUPS.find(({ options }) => options.test(key));
    if (group !== undefined) authority.checkGuest(vmid, pool, group.privilege);
    else if (CLOUD_INIT.test(key)) authority.checkGuestAny(vmid, pool, "VM.Config.Cloudinit", "VM.Config.Network");
    else throw death(`only root can set '${key}' config`);
    // The order of starting changes what the host does.
    if (key === "startup") authority.check("/", "Sys.Modify");
  }
}

const DEVICE = /^(?:serial|usb|hostpci|virtiofs|rng)\d+$/;

/** Whether an option is a port or a passed-through device, whose rights depend on its value. */
export function isDeviceKey(key: string): boolean {
  return DEVICE.test(key);
}

/**
 * The rights that a port or a passed-through device needs: what a mapping names, or root for the host's own.
 * @param verb of the refusal: a creation sets, a change modifies or deletes
 */
export function checkDevice(change: MachineChange, key: string, value: string, verb = "set"): void {
  const { authority } = change;
  if (authority.isRoot) return;
  const hardware = (): void => authority.checkGuest(change.vmid, change.pool, "VM.Config.HWType");
  if (key.startsWith("serial")) {
    if (value !== "socket") throw death(`only root can ${verb} '${key}' config for real devices`);
    hardware();
  } else if (key.startsWith("usb")) {
    hardware();
    const { host, mapping } = deviceOf(value);
    if (host !== undefined && host.toLowerCase() !== "spice") {
      throw death(`only root can set '${key}' config for real devices`);
    }
    if (host === undefined) authority.check(`/mapping/usb/${mappingOf(mapping)}`, "Mapping.Use");
  } else if (key.startsWith("hostpci")) {
    const { host, mapping, romfile } = deviceOf(value);
    if (host !== undefined) throw death(`only root can set '${key}' config for non-mapped devices`);
    authority.check(`/mapping/pci/${mappingOf(mapping)}`, "Mapping.Use");
    hardware();
    if (romfile !== undefined) throw parameterFailure({ [key]: "only root@pam can set 'romfile' option" });
  } else if (key.startsWith("rng")) {
    hardware();
    if (/(?:^|[,=])\/dev\/hwrng(?:,|$)/.test(value)) authority.check("/mapping/hwrng", "Mapping.Use");
  } else {
    authority.checkGuest(change.vmid, change.pool, "VM.Config.Disk");
    authority.check(`/mapping/dir/${/^(?:dirid=)?([^,]*)/.exec(value)?.[1] ?? ""}`, "Mapping.Use");
  }
}

/** The rights that a copy of a machine needs for its ports and passed-through devices (PVE::QemuServer::check_mapping_access). */
export function checkMapping(authority: Authority, key: string, value: string): void {
  if (authority.isRoot) return;
  const { host, mapping } = deviceOf(value);
  if (/^usb\d+$/.test(key)) {
    if (host === undefined) authority.check(`/mapping/usb/${mappingOf(mapping)}`, "Mapping.Use");
    else if (host.toLowerCase() !== "spice") throw death(`only root can set '${key}' config for real devices`);
  } else if (/^hostpci\d+$/.test(key)) {
    if (host !== undefined) throw death(`only root can set '${key}' config for non-mapped devices`);
    authority.check(`/mapping/pci/${mappingOf(mapping)}`, "Mapping.Use");
  } else if (/^rng\d+$/.test(key)) {
    if (/(?:^|[,=])\/dev\/hwrng(?:,|$)/.test(value)) authority.check("/mapping/hwrng", "Mapping.Use");
  } else if (/^virtiofs\d$/.test(key)) {
    authority.check(`/mapping/dir/${/^(?:dirid=)?([^,]*)/.exec(value)?.[1] ?? ""}`, "Mapping.Use");
  }
}

function mappingOf(mapping: string | undefined): string {
  if (mapping === undefined) throw death("either 'host' or 'mapping' must be set.");
  return mapping;
}

/** What a passed-through device is: `host` is the key that needs no name. */
function deviceOf(text: string): { host?: string; mapping?: string; romfile?: string } {
  return Object.fromEntries(
    text.split(",").map((part) => {
      const [, name, value] = /^([^=]+)=(.*)$/.exec(part) ?? [undefined, "host", part];
      return [name ?? "host", value ?? ""];
    }),
  );
}

/** The rights that a change of a drive needs, by what the drive is ($check_drive_perms). */
export function checkDriveRights({ authority, vmid }: MachineChange, drive: Drive): void {
  if (isSeed(drive)) authority.checkGuest(vmid, undefined, "VM.Config.Cloudinit", "VM.Config.CDROM");
  else authority.checkGuest(vmid, undefined, drive.media === "cdrom" ? "VM.Config.CDROM" : "VM.Config.Disk");
}

/** The right to use the bridges that networks name. */
export function checkBridges({ authority }: MachineChange, options: ReadonlyMap<string, string>): void {
  if (authority.isRoot) return;
  const keys = [...options.keys()].filter((key) => /^net\d+$/.test(key)).sort();
  for (const key of keys) {
    const { bridge, tag, trunks } = parseNetwork("qemu", options.get(key) ?? "", key);
    checkVirtualNetwork(authority, bridge, tag === undefined ? undefined : String(tag), trunks);
  }
}

/**
 * The rights on storages and volumes that drives need ($check_storage_access): space for each new disk, access to a volume
 * that exists, and the node's own CD drive only with `Sys.Console`.
 * @param extraction storage on which an archive of images is unpacked
 */
export function checkStorageAccess(
  change: MachineChange,
  options: ReadonlyMap<string, string>,
  extraction: string | undefined,
): void {
  const keys = driveKeys(options).sort();
  for (const key of keys) checkDriveAccess(change, key, readDrive(key, options.get(key) ?? ""), extraction);
  const unused = [...options.keys()].filter((key) => /^unused\d+$/.test(key)).sort();
  for (const key of unused) access(change, readDrive(key, options.get(key) ?? "").file, "images");
  const stateStorage = options.get("vmstatestorage");
  if (stateStorage !== undefined) change.authority.check(`/storage/${stateStorage}`, "Datastore.AllocateSpace");
}

function checkDriveAccess(change: MachineChange, key: string, drive: Drive, extraction: string | undefined): void {
  const { authority, cluster } = change;
  const isCdrom = drive.media === "cdrom";
  const wanted = newVolumeSize(drive.file);
  if (isCdrom && drive.file === "cdrom") authority.check("/", "Sys.Console");
  else if (!isCdrom && wanted !== undefined) {
    authority.check(`/storage/${wanted.storage}`, "Datastore.AllocateSpace");
    if (!holds(requireStorage(cluster, wanted.storage), "images")) {
      throw parameterFailure({ storage: `storage '${wanted.storage}' does not support vm images` });
    }
  } else if (drive.file !== "none" && !/(?:^|:)cloudinit$/.test(drive.file)) {
    access(change, drive.file);
    const content = drive.file.includes(":") ? parseVolume(cluster, drive.file).content : undefined;
    if (content !== undefined && content !== "images" && content !== "iso") {
      throw parameterFailure({ [key]: "content type needs to be 'images' or 'iso'" });
    }
  }
  const source = drive.options.get("import-from");
  if (source !== undefined) checkImport(change, key, source, extraction);
}

function checkImport(change: MachineChange, key: string, source: string, extraction: string | undefined): void {
  const { authority, cluster } = change;
  if (!source.includes(":")) return access(change, source);
  const { storage, content, owner, name } = parseVolume(cluster, source);
  if (content !== "images" && content !== "import") {
    const text = `${source} has wrong type '${content}' - needs to be 'images' or 'import'`;
    throw parameterFailure({ [key]: text });
  }
  if (content === "import" && /\.(?:ova|ovf)$/.test(name)) {
    authority.check(`/storage/${extraction ?? storage.storage}`, "Datastore.AllocateSpace");
  }
  if (content === "images" && owner !== undefined) authority.check(`/vms/${owner}`, "VM.Clone");
  else access(change, source);
}

function access({ cluster, authority, vmid }: MachineChange, volid: string, wanted?: ContentType): void {
  checkVolumeAccess(cluster, authority, vmid, volid, wanted);
}
