import type { Archive, StorageEntry } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { type MissingPrivilege, missingToListArchives } from "../../../proxmox/api/permissions";
import { plainText } from "../../../proxmox/api/plain-text";
import { unless } from "./inspect-present";
import type { ArchiveSearch, FoundArchive, TargetStorage } from "./inspection";

/**
 * Looks for a guest's archives on every storage of the node that holds backups (D2), and finds out whether an empty
 * list can be believed: without the rights to see archives Proxmox gives an empty list and no error.
 *
 * @param declared the storage that the settings name for backups. It may be missing in the node's list for want of a
 *   right on it.
 */
export async function searchArchives(
  client: ProxmoxClient,
  node: string,
  vmid: number,
  declared: string,
): Promise<ArchiveSearch> {
  const storages = (await client.backups.storages(node)).filter((storage) => contentOf(storage).includes("backup"));
  const names = [...new Set([...storages.map(({ storage }) => storage), declared])];
  const missing = await missingRights(client, names, vmid);
  const blind = new Set(missing.map(({ path }) => path));
  const archives: FoundArchive[] = [];
  const searched: string[] = [];
  const unsearched: { storage: string; reason: string }[] = [];
  for (const name of names) {
    const reason = whyNot(storages.find(({ storage }) => storage === name)) ?? whyBlind(blind, name, vmid);
    const found =
      reason === undefined
        ? await unless(["forbidden", "failed", "gone"], client.backups.archives(node, name, vmid))
        : undefined;
    if (found === undefined) {
      unsearched.push({ storage: name, reason: reason ?? "the node could not list it" });
      continue;
    }
    searched.push(name);
    archives.push(...found.flatMap((archive) => describeArchive(archive, name)));
  }
  return { archives: archives.sort((a, b) => b.time - a.time), searched, unsearched, missing };
}

/** Storages of a node as targets of a restore. */
export async function targetStorages(client: ProxmoxClient, node: string): Promise<TargetStorage[]> {
  return (await client.backups.storages(node)).map((storage) => ({
    id: storage.storage,
    active: storage.active !== false && storage.enabled !== false,
    content: contentOf(storage),
    type: storage.type,
    shared: storage.shared === true,
    available: storage.avail,
  }));
}

function describeArchive(archive: Archive, storage: string): FoundArchive[] {
  if (archive.subtype === undefined) return [];
  return [
    {
      volid: archive.volid,
      storage,
      type: archive.subtype,
      size: archive.size,
      time: archive.ctime,
      notes: plainText(archive.notes ?? ""),
      protected: archive.protected,
    },
  ];
}

function contentOf({ content }: StorageEntry): string[] {
  return (content ?? "").split(",").map((part) => part.trim());
}

async function missingRights(
  client: ProxmoxClient,
  storages: readonly string[],
  vmid: number,
): Promise<MissingPrivilege[]> {
  const missing = await Promise.all(storages.map((storage) => missingToListArchives(client, storage, vmid)));
  const byText = new Map(missing.flat().map((entry) => [`${entry.privilege} ${entry.path}`, entry]));
  return [...byText.values()];
}

function whyNot(storage: StorageEntry | undefined): string | undefined {
  if (storage === undefined) return "the node has no such storage with backups, or the token may not see it";
  if (storage.enabled === false) return "it is disabled";
  return storage.active === false ? "it is not active" : undefined;
}

function whyBlind(blind: ReadonlySet<string>, storage: string, vmid: number): string | undefined {
  const paths = [`/storage/${storage}`, `/vms/${vmid}`].filter((path) => blind.has(path));
  return paths.length === 0 ? undefined : `the token may not see archives (${paths.join(", ")})`;
}
