import { type GuestConfiguration, parseGuestConfiguration } from "../rules/guest-configuration";
import type { ProxmoxClient } from "./client";
import { couldNotBeAsked, ProxmoxError } from "./errors";

/** An archive, as a node's storage lists it. */
export interface StoredArchive {
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

/** The same, and where nobody can be asked, why: for whom one archive of many that stays unread is no reason to end. */
export async function configurationOrReason(
  client: ProxmoxClient,
  node: string,
  archive: StoredArchive,
): Promise<GuestConfiguration | string> {
  try {
    return await extractConfiguration(client, node, archive);
  } catch (error) {
    if (couldNotBeAsked(error)) return error.reason;
    throw error;
  }
}
