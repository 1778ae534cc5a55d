import { extractConfiguration } from "../../../proxmox/api/archived-configuration";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import type { MeantGuest } from "../../../site/restore/identity";
import { readMark } from "../../../site/mark";
import { parseSavePointNotes } from "../../../site/restore/save-point";

/** A save point on a storage. */
interface StoredSavePoint {
  readonly volid: string;
  /** A node that reaches it. */
  readonly node: string;
  readonly type: "lxc" | "qemu";
}

/**
 * Why a save point is not given up with those of a guest, as half a sentence: a storage may hold those of another
 * environment, whose guest has the same number. Undefined: it is the guest's. Its full notes say whose it is. Where the
 * process died before it wrote them, or they have no environment, the mark in the archived configuration does.
 *
 * @throws ProxmoxError when it cannot be asked
 */
export async function whyAnothers(
  client: ProxmoxClient,
  { volid, node, type }: StoredSavePoint,
  vmid: number,
  { mark: { environment, guest } }: Pick<MeantGuest, "mark">,
): Promise<string | undefined> {
  const { notes } = await client.backups.archiveDetails(node, volid);
  const record = parseSavePointNotes(notes);
  const archived = record?.environment === undefined ? await archivedMark(client, { volid, node, type }) : undefined;
  const said = { environment: record?.environment ?? archived?.environment, guest: record?.guest ?? archived?.guest };
  if (said.environment === undefined)
    return `nothing in it says whose it is; if it is ${guest}'s, delete it in Proxmox`;
  const isOwn = said.environment === environment && said.guest === guest && (record?.vmid ?? vmid) === vmid;
  return isOwn ? undefined : `it is of ${said.environment}/${said.guest ?? ""} (${record?.vmid ?? vmid})`;
}

async function archivedMark(client: ProxmoxClient, { volid, node, type }: StoredSavePoint) {
  const found = await extractConfiguration(client, node, { volid, type });
  // An archive that cannot be read says nothing.
  return typeof found === "string" ? undefined : readMark(found.description);
}
