/**
 * Proxmox Backup Servers beside a site. Only what Proxmox VE shows of them is emulated: a snapshot is a folder with an ordinary
 * archive of the driver, a record of what the server would tell of it, and the log that vzdump sent. No chunk, index or `.pxar`
 * is there, nothing is deduplicated, and a snapshot that counts as encrypted is only marked so.
 */
import { join } from "node:path";
import { hashTokenSecret } from "./secrets";
import type { Node } from "./site";
import type { BackupServerState, StorageEntry } from "./state";

const PORT = 8007;

/** Where a datastore lies on this machine: the same for every cluster that uses the server. */
export function datastoreFolder({ cluster: { site } }: Pick<Node, "cluster">, { options }: StorageEntry): string {
  const { server = "", datastore = "" } = options;
  return join(site.folder, "backup-servers", server, datastore);
}

/** Where the data of a storage's namespace lies in its datastore. */
export function serverFolder(node: Pick<Node, "cluster">, storage: StorageEntry): string {
  const { namespace } = storage.options;
  const namespaces = namespace === undefined ? [] : namespace.split("/").flatMap((name) => ["ns", name]);
  return join(datastoreFolder(node, storage), ...namespaces);
}

/** `lifeboat@pbs@192.0.2.30:main` (PVE::PBSClient::get_repository). */
export function repositoryOf({ options }: StorageEntry): string {
  const { username = "root@pam", server = "", datastore = "", port } = options;
  const at = port === undefined || Number(port) === PORT ? server : `${server}:${port}`;
  return `${username}@${at}:${datastore}`;
}

/** `pbs://lifeboat@pbs@192.0.2.30:main/ct/101/2026-11-21T01:00:00Z?ns=site%2fa`: no file of the node. */
export function serverPath({ storage, name }: { storage: StorageEntry; name: string }): string {
  const { namespace } = storage.options;
  return `pbs://${repositoryOf(storage)}/${name}${namespace === undefined ? "" : `?ns=${namespace.replaceAll("/", "%2f")}`}`;
}

/**
 * Why a storage's server cannot be used, in the words of PVE::Storage::PBSPlugin::activate_storage; undefined: it can. Each use
 * of a storage asks this anew.
 */
export function whyServerRefuses(node: Node, entry: StorageEntry): string | undefined {
  const { server = "", datastore = "", port = String(PORT) } = entry.options;
  const failed = (text: string): string => `${entry.storage}: error fetching datastores - ${text}`;
  const found = node.cluster.site.state.backupServers?.find((known) => known.server === server);
  const isOff = node.cluster.site.faults.hit("backup-server-unreachable", { node: node.name, server }) !== undefined;
  if (found === undefined || isOff) return failed(`500 Can't connect to ${server}:${port} (No route to host)`);
  const pinned = entry.options.fingerprint?.toUpperCase();
  if (found.fingerprint !== undefined && pinned !== found.fingerprint.toUpperCase()) {
    return failed(`fingerprint '${found.fingerprint}' not verified, abort!`);
  }
  if (!isKnown(found, entry)) return failed("401 Unauthorized");
  if (found.datastores.includes(datastore)) return undefined;
  return `${entry.storage}: Cannot find datastore '${datastore}', check permissions and existence!`;
}

function isKnown({ users }: BackupServerState, { options }: StorageEntry): boolean {
  const { username = "root@pam", password = "" } = options;
  return users.some(({ userid, secretHash }) => userid === username && secretHash === hashTokenSecret(password));
}
