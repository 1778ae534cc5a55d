import type { Permissions } from "./answers";
import type { ProxmoxClient } from "./client";

/** One privilege that the caller lacks, and where. */
export interface MissingPrivilege {
  privilege: string;
  path: string;
}

/** What is needed to see and to make a guest's archives: on the storage, and on the guest. */
const onStorage = "Datastore.AllocateSpace";
const onGuest = "VM.Backup";

/**
 * What the caller lacks to see a guest's archives on a storage. Proxmox gives an empty list, not an error, without both
 * of them; so an empty list means "there are none" only when this is empty. Source: recordings, `semantics.md` §0.6.
 *
 * @param vmid undefined: of every guest
 */
export async function missingToListArchives(
  client: ProxmoxClient,
  storage: string,
  vmid: number | undefined,
): Promise<MissingPrivilege[]> {
  const needed: MissingPrivilege[] = [
    { privilege: onStorage, path: storagePath(storage) },
    { privilege: onGuest, path: vmid === undefined ? "/vms" : `/vms/${String(vmid)}` },
  ];
  return missingPrivileges(client, needed);
}

/** Whether a storage shows a guest's volumes to the caller: it leaves them out of its list without a word. */
export async function showsVolumes(client: ProxmoxClient, storage: string, vmid: number): Promise<boolean> {
  const [ofStorage, ofGuest] = await Promise.all([
    client.cluster.privilegesOn(storagePath(storage)),
    client.cluster.privilegesOn(`/vms/${String(vmid)}`),
  ]);
  return ofStorage.has("Datastore.Allocate") || (ofStorage.has("Datastore.Audit") && ofGuest.has("VM.Config.Disk"));
}

/** Those of the needed privileges that the caller does not hold; each path is asked for once. */
export async function missingPrivileges<Needed extends Readonly<MissingPrivilege>>(
  client: ProxmoxClient,
  needed: readonly Needed[],
): Promise<Needed[]> {
  const paths = [...new Set(needed.map((entry) => entry.path))];
  const held = new Map(
    await Promise.all(paths.map(async (path) => [path, await client.cluster.privilegesOn(path)] as const)),
  );
  return needed.filter((entry) => held.get(entry.path)?.has(entry.privilege) !== true);
}

/**
 * {@link missingToListArchives} for many guests at once: two requests, where asking guest by guest would be two each. Only
 * guests that the cluster's list does not show are asked for by themselves.
 *
 * @param visible ids in the cluster's list of guests. A role that forbids everything at `/vms/ID` leaves no entry in the
 *   caller's permissions, but hides the guest from that list too.
 */
export async function missingForArchivesOf(
  client: ProxmoxClient,
  storage: string,
  guests: readonly number[],
  visible: ReadonlySet<number>,
): Promise<Map<number, MissingPrivilege[]>> {
  if (guests.length === 0) return new Map();
  const someVisible = guests.some((id) => visible.has(id));
  const [all, mayAllocate] = await Promise.all([
    someVisible ? client.cluster.permissions() : {},
    client.cluster.privilegesOn(storagePath(storage)),
  ]);
  const lacksStorage = mayAllocate.has(onStorage) ? [] : [{ privilege: onStorage, path: storagePath(storage) }];
  const entries = guests.map(async (id): Promise<[number, MissingPrivilege[]]> => {
    const path = `/vms/${String(id)}`;
    const has = visible.has(id) ? holds(all, path, onGuest) : (await client.cluster.privilegesOn(path)).has(onGuest);
    return [id, [...lacksStorage, ...(has ? [] : [{ privilege: onGuest, path }])]];
  });
  return new Map(await Promise.all(entries));
}

/**
 * {@link missingPrivileges} for many guests at once: one request for all of them, and one for each further path.
 *
 * @param visible ids in the cluster's list of guests, as in {@link missingForArchivesOf}.
 */
export async function missingOfMany<Needed extends Readonly<MissingPrivilege>>(
  client: ProxmoxClient,
  needed: readonly Needed[],
  visible: ReadonlySet<number>,
): Promise<Needed[]> {
  const shown = new Set([...visible].map((id) => `/vms/${String(id)}`));
  const all = await client.cluster.permissions();
  // What the whole list does not hold is missing; what it holds may be forbidden further below.
  const listed = new Set(needed.filter(({ path, privilege }) => holds(all, path, privilege)));
  const doubtful = [...listed].filter(({ path }) => !shown.has(path));
  const refused = new Set(await missingPrivileges(client, doubtful));
  return needed.filter((entry) => !listed.has(entry) || refused.has(entry));
}

/**
 * Guests that the cluster's list may leave out because the caller may not see them: absence from that list proves nothing
 * without `VM.Audit`.
 *
 * @param ids that the list does not have
 */
export async function missingToSee(
  client: ProxmoxClient,
  ids: readonly number[],
): Promise<Map<number, MissingPrivilege>> {
  const needed = ids.map((id) => ({ id, privilege: "VM.Audit", path: `/vms/${String(id)}` }));
  const missing = await missingPrivileges(client, needed);
  return new Map(missing.map(({ id, privilege, path }) => [id, { privilege, path }]));
}

function storagePath(storage: string): string {
  return `/storage/${storage}`;
}

/**
 * The deepest path that says something decides. Of one above only what also holds below it counts; an entry of which
 * nothing does is none for the paths below.
 */
function holds(permissions: Permissions, path: string, privilege: string): boolean {
  const own = permissions[path];
  if (own !== undefined) return Object.hasOwn(own, privilege);
  for (let above = pathAbove(path); ; above = pathAbove(above)) {
    const entry = permissions[above] ?? {};
    if (Object.values(entry).includes(true)) return entry[privilege] === true;
    if (above === "/") return false;
  }
}

function pathAbove(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
