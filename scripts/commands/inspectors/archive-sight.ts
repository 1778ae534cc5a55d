import type { Permissions } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import type { MissingPrivilege } from "../../../proxmox/api/permissions";

/** What the token needs to see a guest's archives on a storage. Source: recordings, `semantics.md` §0.6. */
const onStorage = "Datastore.AllocateSpace";
const onGuest = "VM.Backup";

/**
 * For many guests at once, what the token lacks to see archives of each: without it Proxmox gives an empty list and no
 * error. One request, where asking guest by guest would be two each; only guests that the node's list does not show are
 * asked for by themselves.
 *
 * @param visible ids in the cluster's list of guests. A role that forbids everything at `/vms/ID` leaves no entry in the
 *   caller's permissions, but hides the guest from that list too.
 */
export async function missingSight(
  client: ProxmoxClient,
  storage: string,
  guests: readonly number[],
  visible: ReadonlySet<number>,
): Promise<Map<number, MissingPrivilege[]>> {
  if (guests.length === 0) return new Map();
  const [all, mayAllocate] = await Promise.all([
    client.cluster.permissions(),
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
  for (let above = parent(path); ; above = parent(above)) {
    const entry = permissions[above] ?? {};
    if (Object.values(entry).includes(true)) return entry[privilege] === true;
    if (above === "/") return false;
  }
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
