import { describe, markTag } from "../mark";
import type { CloudInit, MachineDisk, Network, VirtualMachineGuest } from "../settings/environment";
import { gibibyte, mebibyte } from "../settings/values/sizes";
import { addressInputs, cardInputs, dnsInputs } from "./guest-inputs";

/**
 * What the provider's resource of a virtual machine is given, computed without Pulumi. Nothing in it needs SSH to the node:
 * images are imported by Proxmox itself, and cloud-init is set by fields and not by files.
 */
export function virtualMachineInputs(guest: VirtualMachineGuest, environment: string, createTimeout: number) {
  return {
    nodeName: guest.node,
    vmId: guest.id,
    // Without a name the provider makes one with a random tail.
    name: guest.hostname,
    description: describe({ environment, guest: guest.name }, guest.description),
    tags: [...new Set([...guest.tags, markTag])].sort(),
    operatingSystem: { type: guest.osType },
    bios: guest.firmware,
    scsiHardware: "virtio-scsi-single",
    cpu: { cores: guest.cores, type: guest.cpu },
    memory: { dedicated: guest.memory / mebibyte },
    agent: { enabled: guest.agent },
    // Left out, the provider would add one of 8 GiB on `local-lvm`.
    disks: guest.disks.map(diskInputs),
    // Left out, the provider would put in the node's own drive, which only those with `Sys.Console` on `/` may use.
    cdrom: { fileId: "none", interface: "ide3" },
    networkDevices: [cardInputs(guest.network)],
    ...(guest.cloudInit === undefined ? {} : { initialization: cloudInitInputs(guest.cloudInit, guest.network) }),
    onBoot: guest.startOnBoot,
    started: guest.started,
    protection: guest.protection,
    ...(guest.pool === undefined ? {} : { poolId: guest.pool }),
    // A change is applied at the next start that somebody wants: a reboot is not the provider's to decide.
    rebootAfterUpdate: false,
    // Without it Proxmox is asked to shut the guest down, which takes as long as the guest likes.
    stopOnDestroy: true,
    // Proxmox's purge takes the guest out of every job and deletes one that has no other: the job goes by its own resource.
    purgeOnDestroy: false,
    // Disks with the machine's number that its configuration does not name are an earlier guest's.
    deleteUnreferencedDisksOnDestroy: false,
    timeoutCreate: createTimeout,
  };
}

/** `backup` is always said, as Proxmox's default is the other way round for containers. */
function diskInputs({ key, storage, size, format, image, optOut }: MachineDisk) {
  return {
    interface: key,
    datastoreId: storage,
    size: size / gibibyte,
    fileFormat: format,
    backup: optOut === undefined,
    ...(image === undefined ? {} : { importFrom: image }),
  };
}

function cloudInitInputs({ storage, user, sshKeys, nameservers, searchDomain }: CloudInit, network: Network) {
  return {
    datastoreId: storage,
    interface: "ide2",
    ipConfigs: [addressInputs(network)],
    userAccount: { username: user, ...(sshKeys.length === 0 ? {} : { keys: [...sshKeys] }) },
    ...dnsInputs({ nameservers, searchDomain }),
  };
}

/**
 * Differences that are none: Proxmox does not return a disk's speed without limits, and the provider would add it for ever;
 * the image is only what the disk was made from; and the CD drive of a machine that exists is as somebody left it, who may
 * also have put in a disc.
 *
 * @param count of the disks
 */
export function settledDrives(count: number): string[] {
  const disks = Array.from({ length: count });
  return [...disks.flatMap((_, index) => [`disks[${index}].speed`, `disks[${index}].importFrom`]), "cdrom"];
}
