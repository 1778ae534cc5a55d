import { markTag } from "../mark";
import { monitoringCheck } from "./monitoring-check";
import type {
  AdoptedGuest,
  BackupSettings,
  Check,
  CloudInit,
  ContainerGuest,
  Disk,
  DrillSettings,
  Environment,
  Guest,
  GuestAccess,
  KitSettings,
  MachineDisk,
  Network,
  Objectives,
  ProxmoxSettings,
  TrustSettings,
  VirtualMachineGuest,
} from "./environment";
import { type AdoptedEntry, type ContainerEntry, type GuestEntry, type VirtualMachineEntry } from "./guest-schema";
import { osTypeOf } from "./container-schema";
import { completeData, completeDataDefaults, completeDataSecrets, type DataDefaults } from "./complete-data";
import { completeMonitoring, completeMonitoringSecrets } from "./complete-monitoring";
import { completeOffsite } from "./complete-offsite";
import { completeStateStore, completeStateStoreKeys } from "./complete-state-store";
import { profileDefaults } from "./profiles";
import type { Settings } from "./settings-schema";
import { arrangeDisks } from "./slots";
import { mebibyte } from "./values/sizes";

/** Fills in every default of settings that passed the schema. */
export function complete(settings: Settings, name: string): Environment {
  const proxmox = completeProxmox(settings.proxmox);
  const ssh: GuestAccess = {
    user: settings.ssh?.user ?? "root",
    identity: settings.ssh?.identity,
    keys: settings.ssh?.keys ?? [],
  };
  const objectives = {
    rpo: settings.objectives?.rpo ?? profileDefaults[settings.profile].rpo,
    rto: settings.objectives?.rto,
  };
  const defaults: GuestDefaults = {
    node: proxmox.node,
    ssh,
    objectives,
    data: completeDataDefaults(settings.data),
  };
  const guests = (settings.guests ?? []).map(([key, entry]) => completeGuest(key, entry, defaults));
  return {
    name,
    profile: settings.profile,
    proxmox,
    backup: completeBackup(settings.backup, name, profileDefaults[settings.profile]),
    guests: guests.map((guest) => withServiceCheck(guest, settings.monitoring)).sort((a, b) => a.id - b.id),
    protectGuests: settings.protectGuests ?? true,
    objectives,
    suspensions: settings.suspend ?? [],
    acknowledgements: settings.acknowledge ?? [],
    restores: (settings.restores ?? []).map(([id, restore]) => ({ id, ...restore })),
    ssh,
    ...(settings.drill === undefined ? {} : { drill: completeDrill(settings.drill) }),
    exporterTokens: [...new Set(settings.exporterTokens)].sort((a, b) => a - b),
    proxmoxToken: settings.proxmoxToken,
    proxmoxRootPassword: settings.proxmoxRootPassword,
    stateStore: settings.stateStore && completeStateStore(settings.stateStore),
    stateStoreKeys: settings.stateStoreKeys && completeStateStoreKeys(settings.stateStoreKeys),
    stateStoreAuthority: settings.stateStoreAuthority,
    stateStoreOffsiteKey: settings.stateStoreOffsiteKey,
    stateKey: settings.stateKey,
    monitoring:
      settings.monitoring &&
      completeMonitoring(settings.monitoring, new Map(guests.map(({ name: guest, kind }) => [guest, kind]))),
    monitoringSecrets: settings.monitoringSecrets && completeMonitoringSecrets(settings.monitoringSecrets),
    monitoringAuthority: settings.monitoringAuthority,
    offsite: settings.offsite && completeOffsite(settings.offsite),
    offsiteKeys: settings.offsiteKeys,
    buckets: (settings.buckets ?? []).map(([mirror, { region = "us-east-1", ...entry }]) => ({
      name: mirror,
      region,
      ...entry,
    })),
    bucketKeys: settings.bucketKeys && Object.fromEntries(settings.bucketKeys),
    dataSecrets: completeDataSecrets(settings.dataSecrets ?? []),
    dataWatchers: settings.data?.watchers,
    ...(settings.kit === undefined ? {} : { kit: completeKit(settings.kit) }),
  };
}

/** A restored guest of monitoring is proven only when its services say that they watch: its start alone shows nothing. */
function withServiceCheck(guest: Guest, monitoring: Settings["monitoring"]): Guest {
  if (guest.name !== monitoring?.guest) return guest;
  return { ...guest, checks: [...guest.checks, { kind: "command", command: monitoringCheck, exit: 0 }] };
}

function completeDrill({ bridge, ids, at = "sun 04:00", storage }: NonNullable<Settings["drill"]>): DrillSettings {
  return { bridge, ids, at, ...(storage === undefined ? {} : { storage }) };
}

function completeKit({ file, recipients = [], kept, contacts = [] }: NonNullable<Settings["kit"]>): KitSettings {
  return { ...(file === undefined ? {} : { file }), recipients: [...new Set(recipients)], kept: kept ?? {}, contacts };
}

function needsOf({ needs }: { readonly needs?: readonly string[] | undefined }) {
  return needs === undefined ? {} : { needs: [...new Set(needs)] };
}

function completeProxmox({ ca, fingerprint, ssh, createTimeout = 600, ...rest }: Settings["proxmox"]): ProxmoxSettings {
  const node = ssh && {
    user: ssh.user ?? "root",
    port: ssh.port ?? 22,
    identity: ssh.identity,
    // Without the comment: a line of known_hosts may end with none.
    hostKeys: (ssh.hostKeys ?? []).map((key) => key.split(" ", 2).join(" ")),
  };
  return { ...rest, createTimeout, trust: trustOf(ca, fingerprint), ssh: node };
}

function trustOf(ca: string | undefined, fingerprint: string | undefined): TrustSettings {
  if (ca !== undefined) return { kind: "ca", file: ca };
  return fingerprint === undefined ? { kind: "system" } : { kind: "fingerprint", sha256: fingerprint };
}

/**
 * @param name of the environment
 * @param defaults where the job is silent
 */
export function completeBackup(
  backup: Settings["backup"],
  name: string,
  { schedule, keep }: Pick<BackupSettings, "schedule" | "keep">,
): BackupSettings {
  return {
    jobId: backup.job ?? jobIdOf(name),
    storage: backup.storage,
    schedule: backup.schedule ?? schedule,
    keep: backup.keep ?? keep,
    mode: backup.mode ?? "snapshot",
    compress: backup.compress ?? "zstd",
    notes: backup.notes ?? "{{guestname}} ({{vmid}}) on {{node}}",
    enabled: backup.enabled ?? true,
    mail: backup.mail && { to: backup.mail.to, when: backup.mail.when ?? "failure" },
  };
}

/** A stack's name may hold dots, a job's id may not. */
function jobIdOf(environment: string): string {
  return `lifeboat-${environment.replaceAll(/[^A-Za-z0-9_-]/g, "-")}`.slice(0, 50);
}

/** What a guest has from its environment. */
export interface GuestDefaults {
  readonly node: string;
  readonly ssh: GuestAccess;
  readonly objectives: Objectives;
  readonly data: DataDefaults;
}

function completeGuest(name: string, entry: GuestEntry, defaults: GuestDefaults): Guest {
  switch (entry.as) {
    case "adopted":
      return completeAdopted(name, entry, defaults);
    case "container":
      return completeContainer(name, entry, defaults);
    case "virtual-machine":
      return completeVirtualMachine(name, entry, defaults);
  }
}

function completeObjectives(own: AdoptedEntry["objectives"], { objectives }: GuestDefaults): Objectives {
  return { rpo: own?.rpo ?? objectives.rpo, rto: own?.rto ?? objectives.rto };
}

/** Nothing is known about an adopted guest's address, so that only its running can be proven unless the settings say more. */
function completeAdopted(name: string, entry: AdoptedEntry, defaults: GuestDefaults): AdoptedGuest {
  const { adopt, backup, checks, disks = [], ...rest } = entry;
  return {
    kind: "adopted",
    name,
    id: adopt,
    node: rest.node ?? defaults.node,
    hostname: rest.hostname ?? name,
    checks: checks ?? [{ kind: "running" }],
    objectives: completeObjectives(rest.objectives, defaults),
    diskOptOuts: Object.fromEntries(disks.map(([key, disk]) => [key, disk.backup])),
    optOut: backup,
    snapshots: rest.snapshots,
    offsite: rest.offsite,
    data: completeData(rest.data, defaults.data, false),
    ...needsOf(rest),
  };
}

/** What containers and virtual machines that the program makes have alike. */
function completeMade(name: string, entry: ContainerEntry | VirtualMachineEntry, defaults: GuestDefaults) {
  const network = completeNetwork(entry.network);
  return {
    name,
    id: entry.id,
    node: entry.node ?? defaults.node,
    hostname: entry.hostname ?? name,
    network,
    cores: entry.cores ?? 1,
    checks: entry.checks ?? defaultChecks(network, "agent" in entry && entry.agent === true),
    startOnBoot: entry.startOnBoot ?? true,
    started: entry.started ?? true,
    protection: entry.protection ?? false,
    tags: [...new Set(entry.tags)].filter((tag) => tag !== markTag).sort(),
    pool: entry.pool,
    description: entry.description,
    fresh: entry.fresh ?? false,
    objectives: completeObjectives(entry.objectives, defaults),
    optOut: entry.backup,
    snapshots: entry.snapshots,
    offsite: entry.offsite,
    data: completeData(entry.data, defaults.data, network.address.kind === "static"),
    ...needsOf(entry),
  };
}

export function completeContainer(name: string, entry: ContainerEntry, defaults: GuestDefaults): ContainerGuest {
  return {
    kind: "container",
    ...completeMade(name, entry, defaults),
    template: entry.template,
    osType: entry.osType ?? osTypeOf(entry.template) ?? "unmanaged",
    root: entry.root,
    disks: orderDisks(entry.disks ?? []),
    memory: entry.memory ?? 512 * mebibyte,
    swap: entry.swap ?? 0,
    nameservers: entry.nameservers ?? [],
    searchDomain: entry.searchDomain,
    unprivileged: entry.unprivileged ?? true,
    nesting: entry.nesting ?? false,
    sshKeys: entry.sshKeys ?? defaults.ssh.keys,
  };
}

export function completeVirtualMachine(
  name: string,
  entry: VirtualMachineEntry,
  defaults: GuestDefaults,
): VirtualMachineGuest {
  const disks = entry.disks.map(([key, { backup, format = "raw", ...disk }]): MachineDisk => {
    return { key, ...disk, format, optOut: backup };
  });
  return {
    kind: "virtual-machine",
    ...completeMade(name, entry, defaults),
    osType: entry.osType ?? "l26",
    disks: disks.sort((a, b) => (naturalKey(a.key) < naturalKey(b.key) ? -1 : 1)),
    cpu: entry.cpu ?? "x86-64-v2-AES",
    memory: entry.memory ?? 1024 * mebibyte,
    firmware: entry.firmware ?? "seabios",
    agent: entry.agent ?? false,
    cloudInit: entry.cloudInit && completeCloudInit(entry.cloudInit, defaults),
  };
}

/** `scsi2` before `scsi10`. */
function naturalKey(key: string): string {
  return key.replace(/\d+$/u, (digits) => digits.padStart(3, "0"));
}

function completeCloudInit(
  { storage, user, sshKeys, nameservers = [], searchDomain }: NonNullable<VirtualMachineEntry["cloudInit"]>,
  { ssh }: GuestDefaults,
): CloudInit {
  return { storage, user: user ?? ssh.user, sshKeys: sshKeys ?? ssh.keys, nameservers, searchDomain };
}

function completeNetwork({ gateway, firewall = false, address, ...rest }: ContainerEntry["network"]): Network {
  return { ...rest, firewall, address: address.kind === "dhcp" ? address : { ...address, gateway } };
}

/** D1: who has a fixed address is expected to answer there, and an agent that is declared everywhere. */
function defaultChecks(network: Network, agent = false): Check[] {
  const fixed: Check[] = network.address.kind === "static" ? [{ kind: "ping" }, { kind: "ssh" }] : [];
  const checks: Check[] = [...(agent ? [{ kind: "agent" } as const] : []), ...fixed];
  return checks.length === 0 ? [{ kind: "running" }] : checks;
}

/** `disks[0]` becomes `mp0`. */
function orderDisks(disks: NonNullable<ContainerEntry["disks"]>): Disk[] {
  return arrangeDisks(disks.map(([name, disk]) => ({ name, ...disk }))).map(({ slot: _slot, ...disk }): Disk => disk);
}
