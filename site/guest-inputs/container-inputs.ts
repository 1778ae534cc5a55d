import type { ContainerGuest, Disk, Network } from "../settings/environment";
import { describe, markTag } from "../mark";
import { gibibyte, mebibyte } from "../settings/values/sizes";
import { formatSize } from "../../proxmox/rules/property-strings";
import { addressInputs, cardInputs, dnsInputs } from "./guest-inputs";

/**
 * What the provider's container resource is given, computed without Pulumi. Every value that Proxmox would otherwise
 * fill in by itself, and that the provider would then take for a difference, is written out.
 */
export function containerInputs(guest: ContainerGuest, environment: string, createTimeout: number) {
  return {
    nodeName: guest.node,
    vmId: guest.id,
    description: describe({ environment, guest: guest.name }, guest.description),
    tags: [...new Set([...guest.tags, markTag])].sort(),
    operatingSystem: { templateFileId: guest.template, type: guest.osType },
    unprivileged: guest.unprivileged,
    ...(guest.nesting ? { features: { nesting: true } } : {}),
    cpu: { cores: guest.cores },
    memory: { dedicated: guest.memory / mebibyte, swap: guest.swap / mebibyte },
    disk: { datastoreId: guest.root.storage, size: guest.root.size / gibibyte },
    mountPoints: guest.disks.map(mountPointInputs),
    networkInterfaces: [interfaceInputs(guest.network)],
    initialization: initializationInputs(guest),
    startOnBoot: guest.startOnBoot,
    started: guest.started,
    protection: guest.protection,
    ...(guest.pool === undefined ? {} : { poolId: guest.pool }),
    // Half an hour by default, in which an id that belongs to a VM is polled every second.
    timeoutCreate: createTimeout,
    // What Proxmox needs to stop a guest, which gets all but five seconds of this.
    timeoutDelete: 180,
  };
}

/** `backup` is always said: Proxmox leaves a mount point without the flag out of every backup. */
function mountPointInputs(disk: Disk) {
  if (disk.kind === "bind") {
    return { path: disk.mount, volume: disk.bind, backup: false, readOnly: disk.readOnly };
  }
  return {
    path: disk.mount,
    volume: disk.storage,
    // As Proxmox prints it (1024G comes back as 1T): another spelling would read as another disk.
    size: formatSize(disk.size),
    backup: disk.optOut === undefined,
  };
}

/** Without any interface the provider fails in its own validation. */
function interfaceInputs(network: Network) {
  return { name: "eth0", ...cardInputs(network) };
}

/** The host name is always said: Proxmox would name the guest CT101, and the provider's next update would fail over it. */
function initializationInputs({ hostname, network, nameservers, searchDomain, sshKeys }: ContainerGuest) {
  return {
    hostname,
    ipConfigs: [addressInputs(network)],
    ...dnsInputs({ nameservers, searchDomain }),
    ...(sshKeys.length === 0 ? {} : { userAccount: { keys: [...sshKeys] } }),
  };
}

/**
 * Changes that would make the provider destroy the guest and make an empty one, although they matter only to a new one:
 * the template it was unpacked from, the keys that were put in, and its pool, which the provider sets when it makes the
 * guest and never reads again. They are settled when the guest is made.
 */
export const settledAtCreation = ["operatingSystem.templateFileId", "initialization.userAccount", "poolId"] as const;

/** Things that Proxmox allows nobody but root@pam with a ticket, a token of root@pam included. */
export function needsRoot(guest: ContainerGuest): string | undefined {
  const bind = guest.disks.find((disk) => disk.kind === "bind");
  if (bind !== undefined) return `bind mount ${bind.name}`;
  return guest.nesting && !guest.unprivileged ? "nesting in a privileged container" : undefined;
}
