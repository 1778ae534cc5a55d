import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { hostOf } from "../../../../proxmox/api/node-host";
import type { ProxmoxSettings } from "../../../../site/settings/environment";
import { unless } from "./inspect-present";
import type { FoundArchive } from "./inspection";
import { isOnServer, whyNotRead } from "./server-snapshot";

/** How an archive can be read as a whole: the file and the node to log in to, or why not. */
export type ArchiveReading =
  | { readonly kind: "ssh"; readonly host: string; readonly path: string }
  | { readonly kind: "none"; readonly why: string };

/**
 * No call of Proxmox's API reads an archive to its end (semantics §8): that takes a shell on a node, which is optional.
 */
export async function readingOf(
  client: ProxmoxClient,
  { ssh, endpoint }: ProxmoxSettings,
  node: string,
  { archive, timeZone }: { readonly archive: FoundArchive; readonly timeZone: string },
): Promise<ArchiveReading> {
  const { volid } = archive;
  if (isOnServer(volid)) return { kind: "none", why: await whyNotRead(client, archive, timeZone) };
  if (ssh === undefined) return { kind: "none", why: "no SSH to the node" };
  const [path, host] = await Promise.all([pathOf(client, node, volid), hostOf(client, endpoint, node)]);
  if (path === undefined) return { kind: "none", why: "it is no file on the node" };
  if (!/\.(?:tar|vma)(?:\.(?:zst|gz|lzo))?$/u.test(path)) return { kind: "none", why: "it is no archive of vzdump" };
  if (host === undefined) return { kind: "none", why: `the address of ${node} is not known` };
  return { kind: "ssh", host, path };
}

/** The file on the node. Backup servers have names of their own, which are no paths. */
async function pathOf(client: ProxmoxClient, node: string, volid: string): Promise<string | undefined> {
  const details = await unless(["failed", "gone"], client.backups.archiveDetails(node, volid));
  return details?.path.startsWith("/") === true ? details.path : undefined;
}
