import type { PrivilegeScope } from "../proxmox/rules/privileges";
import { exporterGroup } from "../proxmox/rules/exporter-privileges";
import { isDisk } from "../proxmox/rules/storage-content";
import type { Environment, Guest, VirtualMachineGuest } from "./settings/environment";

/** A use of a storage: what must be allowed on it. */
export interface StorageNeed {
  node: string;
  storage: string;
  /** Proxmox's word for the content: `backup`, `rootdir`, `vztmpl`. */
  content: string;
  /** Who needs it, for messages. */
  user: string;
}

/** What the token of an environment works with. */
export function scopeOf(settings: Environment): PrivilegeScope {
  const machines = settings.guests.filter((guest) => guest.kind === "virtual-machine");
  return {
    vmids: idsOf(settings.guests),
    adopted: idsOf(settings.guests.filter(({ kind }) => kind === "adopted")),
    machines: idsOf(machines),
    seeded: idsOf(machines.filter(({ cloudInit }) => cloudInit !== undefined)),
    commanded: [...idsOf(settings.guests.filter(isCommanded)), ...commandedCopies(settings)],
    storages: [...new Set(settings.guests.flatMap(storagesOf))],
    backupStorages: [settings.backup.storage.id],
    declaresStorage: settings.backup.storage.type !== "adopted",
    pools: [...new Set(settings.guests.flatMap((guest) => (guest.kind === "adopted" ? [] : poolOf(guest.pool))))],
    tokenGroups: settings.exporterTokens.length === 0 ? [] : [exporterGroup],
  };
}

function isCommanded({ checks }: Guest): boolean {
  return checks.some(({ kind }) => kind === "agent-exec");
}

/**
 * Numbers that copies for a drill have, where one of them runs such a command: a drill takes the lowest free ones of its range.
 * Twice as many as guests, since some may be taken by what an earlier drill has left.
 */
function commandedCopies({ guests, drill }: Environment): number[] {
  const drilled = guests.filter(({ optOut }) => optOut === undefined);
  if (drill === undefined || !drilled.some(isCommanded)) return [];
  const { from, to } = drill.ids;
  return Array.from({ length: Math.min(2 * drilled.length, to - from + 1) }, (_, index) => from + index);
}

function idsOf(guests: readonly Guest[]): number[] {
  return guests.map(({ id }) => id);
}

function poolOf(pool: string | undefined): string[] {
  return pool === undefined ? [] : [pool];
}

function storagesOf(guest: Guest): string[] {
  return storageNeedsOf(guest).map((need) => need.storage);
}

/** Every storage that an environment uses, on each node that uses it. */
export function storageNeeds(settings: Environment): StorageNeed[] {
  const nodes = nodesOf(settings);
  const backup = nodes.map((node) => ({
    node,
    storage: settings.backup.storage.id,
    content: "backup",
    user: "the backup job",
  }));
  const all = [...backup, ...settings.guests.flatMap(storageNeedsOf)];
  const seen = new Map(all.map((need) => [`${need.node} ${need.storage} ${need.content}`, need]));
  return [...seen.values()];
}

/** Nodes that the environment has guests on, and its default node. */
export function nodesOf(settings: Environment): string[] {
  return [...new Set([settings.proxmox.node, ...settings.guests.map((guest) => guest.node)])];
}

/** Storages that the settings give a guest's disks; of one made by hand they do not say any. */
export function diskStoragesOf(guest: Guest): string[] {
  const disks = storageNeedsOf(guest).filter(isDisk);
  return [...new Set(disks.map(({ storage }) => storage))];
}

function storageNeedsOf(guest: Guest): StorageNeed[] {
  if (guest.kind === "adopted") return [];
  const { node, name } = guest;
  const user = `guest ${name}`;
  if (guest.kind === "virtual-machine") return machineNeeds(guest, user);
  const template = guest.template.split(":")[0] ?? "";
  const disks = guest.disks.flatMap((disk) => (disk.kind === "volume" ? [disk.storage] : []));
  return [
    ...[guest.root.storage, ...disks].map((storage) => ({ node, storage, content: "rootdir", user })),
    { node, storage: template, content: "vztmpl", user: `the template of ${name}` },
  ];
}

function machineNeeds({ node, disks, cloudInit }: VirtualMachineGuest, user: string): StorageNeed[] {
  const images = disks.flatMap(({ image }) => (image === undefined ? [] : [image.split(":")[0] ?? ""]));
  const storages = [...disks.map(({ storage }) => storage), ...(cloudInit === undefined ? [] : [cloudInit.storage])];
  return [
    ...storages.map((storage) => ({ node, storage, content: "images", user })),
    ...images.map((storage) => ({ node, storage, content: "import", user: `an image of ${user}` })),
  ];
}
