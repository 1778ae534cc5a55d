import type { ProxmoxClient } from "./client";

/** One privilege that the caller lacks, and where. */
export interface MissingPrivilege {
  privilege: string;
  path: string;
}

/**
 * What the caller lacks to see a guest's archives on a storage. Proxmox gives an empty list, not an error, without both
 * of them; so an empty list means "there are none" only when this is empty. Source: recordings, `semantics.md` §0.6.
 */
export async function missingToListArchives(
  client: ProxmoxClient,
  storage: string,
  vmid: number,
): Promise<MissingPrivilege[]> {
  const needed: MissingPrivilege[] = [
    { privilege: "Datastore.AllocateSpace", path: `/storage/${storage}` },
    { privilege: "VM.Backup", path: `/vms/${String(vmid)}` },
  ];
  return missingPrivileges(client, needed);
}

/** Those of the needed privileges that the caller does not hold; each path is asked for once. */
export async function missingPrivileges(
  client: ProxmoxClient,
  needed: readonly MissingPrivilege[],
): Promise<MissingPrivilege[]> {
  const paths = [...new Set(needed.map((entry) => entry.path))];
  const held = new Map(
    await Promise.all(paths.map(async (path) => [path, await client.cluster.privilegesOn(path)] as const)),
  );
  return needed.filter((entry) => held.get(entry.path)?.has(entry.privilege) !== true);
}
