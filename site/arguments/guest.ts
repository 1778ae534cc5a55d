import type { Bytes, Network, OptOut, OwnedGuest } from "../settings/environment";
import { completeDataDefaults } from "../settings/complete-data";
import type { GuestDefaults } from "../settings/complete";
import { createTimeoutSchema } from "../settings/proxmox-schema";
import { flag, optional, text } from "../settings/schema-tools";
import { guestName, nodeName } from "../settings/values/names";
import { formatDuration } from "../settings/values/durations";
import { formatSize } from "../settings/values/sizes";

/** What containers and virtual machines that are declared in code have alike. */

/** The name of an environment is part of a guest's mark: no slash and no space. */
export const environmentName = text("an environment's name", "letters, digits, -, _ and ., such as prod", /^[\w.-]+$/u);

/** What is an argument, and in the settings either the environment's or a key of the mapping. */
export const ownKeys = {
  /** Name of the component, and of the guest unless `hostname` differs. */
  name: guestName,
  /** Node that it lives on. */
  node: nodeName,
  /** Environment whose guest it is. */
  environment: environmentName,
  /** Pulumi's `protect`. */
  protect: optional(flag),
  /** How long Proxmox may take to make it. */
  createTimeout: optional(createTimeoutSchema),
};

const commands = "it concerns the commands of lifeboat, which read the settings of a stack and no program";

/** Keys of a guest's settings that are no arguments, and why. */
export const refusedKeys = {
  kind: "the class of the component says what it is",
  checks: commands,
  needs: commands,
  fresh: commands,
  objectives: commands,
  snapshots: commands,
  data: "what is inside a guest has components of its own",
  offsite: commands,
  backup: "a guest is backed up by the jobs that name it: leave its id out of them",
};

/** In place of {@link refusedKeys} in what is completed. */
export const leftOut = {
  checks: undefined,
  needs: undefined,
  fresh: undefined,
  objectives: undefined,
  snapshots: undefined,
  data: undefined,
  offsite: undefined,
  backup: undefined,
};

/** Code has no environment around it that would give defaults. The objective is never read. */
export function defaultsOn(node: string): GuestDefaults {
  return {
    node,
    ssh: { user: "root", keys: [] },
    objectives: { rpo: Number.POSITIVE_INFINITY },
    data: completeDataDefaults(undefined),
  };
}

/** Seconds, unless `createTimeout` says otherwise. */
export const defaultCreateTimeout = 600;

/** Inputs of the provider that have the same meaning for containers and virtual machines, by the argument that decides them. */
export const commonUses = {
  id: ["vmId"],
  node: ["nodeName"],
  description: ["description"],
  tags: ["tags"],
  started: ["started"],
  protection: ["protection"],
  pool: ["poolId"],
  osType: ["operatingSystem"],
} as const;

/** Stands for arguments of any guest that are not known yet. */
export const commonSamples = {
  id: 100,
  node: "node",
  network: { bridge: "vmbr0", address: "dhcp" },
  pool: "pool",
};

/** What the environment of a guest says about it, for {@link commonArguments}. */
export interface GuestPlace {
  readonly environment: string;
  readonly protect: boolean;
  /** Seconds. */
  readonly createTimeout: number;
}

/** A guest of the settings as arguments. Everything is said, so that no default is left to decide. */
export function commonArguments(guest: OwnedGuest, { environment, protect, createTimeout }: GuestPlace) {
  return {
    environment,
    protect,
    createTimeout: formatDuration(createTimeout),
    id: guest.id,
    node: guest.node,
    hostname: guest.hostname,
    osType: guest.osType,
    network: networkArguments(guest.network),
    cores: guest.cores,
    memory: formatSize(guest.memory),
    startOnBoot: guest.startOnBoot,
    started: guest.started,
    protection: guest.protection,
    tags: [...guest.tags],
    pool: guest.pool,
    description: guest.description,
  };
}

function networkArguments({ bridge, address, mac, vlan, firewall }: Network) {
  const place = address.kind === "dhcp" ? { address: "dhcp" } : { address: address.cidr, gateway: address.gateway };
  return { bridge, ...place, mac, vlan, firewall };
}

/** `{ exclude, owner, until }` */
export function optOutArguments(optOut: OptOut | undefined) {
  return optOut && { exclude: optOut.reason, owner: optOut.owner, until: optOut.until };
}

/** Swap may be nothing at all. */
export function sizeOrNone(bytes: Bytes): string {
  return bytes === 0 ? "0" : formatSize(bytes);
}
