import { configurationOrReason, type StoredArchive } from "../../../../proxmox/api/archived-configuration";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import {
  type GuestIdentity,
  identityOf,
  type MeantGuest,
  type Whose,
  whoseArchive,
} from "../../../../site/restore/identity";

/** Whose an archive is by the configuration in it (D15), or why that cannot be read. @param present the guest, where it is there */
export async function askWhoseArchive(
  client: ProxmoxClient,
  node: string,
  archive: StoredArchive,
  { meant, present }: { readonly meant: MeantGuest; readonly present: GuestIdentity | undefined },
): Promise<Whose | string> {
  const found = await configurationOrReason(client, node, archive);
  if (typeof found === "string") return found;
  return whoseArchive(identityOf(archive.type, found.keys, found.description), meant, present);
}

/** Who the guest in an archive was; undefined where that cannot be read. */
export async function archivedIdentity(
  client: ProxmoxClient,
  archive: StoredArchive & { readonly nodes: readonly string[] },
): Promise<GuestIdentity | undefined> {
  const found = await configurationOrReason(client, archive.nodes[0] ?? "", archive);
  return typeof found === "string" ? undefined : identityOf(archive.type, found.keys, found.description);
}
