import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { couldNotBeAsked, ProxmoxError } from "../../../../proxmox/api/errors";
import { type GuestConfiguration, parseGuestConfiguration } from "../../../../proxmox/rules/guest-configuration";
import {
  type GuestIdentity,
  identityOf,
  type MeantGuest,
  type Whose,
  whoseArchive,
} from "../../../../site/restore/identity";

interface StoredArchive {
  readonly volid: string;
  readonly type: "lxc" | "qemu";
}

/** The configuration that an archive holds, or why there is none. @param node one that reaches its storage */
export async function extractConfiguration(
  client: ProxmoxClient,
  node: string,
  { volid, type }: StoredArchive,
): Promise<GuestConfiguration | string> {
  try {
    return parseGuestConfiguration(await client.backups.extractConfiguration(node, volid), type);
  } catch (error) {
    if (error instanceof ProxmoxError && (error.kind === "failed" || error.kind === "gone")) return error.reason;
    throw error;
  }
}

/** Whose an archive is by the configuration in it (D15), or why that cannot be read. @param present the guest, where it is there */
export async function askWhoseArchive(
  client: ProxmoxClient,
  node: string,
  archive: StoredArchive,
  { meant, present }: { readonly meant: MeantGuest; readonly present: GuestIdentity | undefined },
): Promise<Whose | string> {
  try {
    const found = await extractConfiguration(client, node, archive);
    if (typeof found === "string") return found;
    return whoseArchive(identityOf(archive.type, found.keys, found.description), meant, present);
  } catch (error) {
    if (couldNotBeAsked(error)) return error.reason;
    throw error;
  }
}

/** Who the guest in an archive was; undefined where that cannot be read. */
export async function archivedIdentity(
  client: ProxmoxClient,
  archive: StoredArchive & { readonly nodes: readonly string[] },
): Promise<GuestIdentity | undefined> {
  try {
    const found = await extractConfiguration(client, archive.nodes[0] ?? "", archive);
    return typeof found === "string" ? undefined : identityOf(archive.type, found.keys, found.description);
  } catch (error) {
    if (couldNotBeAsked(error)) return undefined;
    throw error;
  }
}
