import type { ProxmoxClient } from "../../../proxmox/api/client";
import { type MissingPrivilege, missingOfMany } from "../../../proxmox/api/permissions";
import { exporterNeeds } from "../../../proxmox/rules/exporter-privileges";
import type { Environment } from "../../../site/settings/environment";
import { groupBy } from "../../machine/group-by";

/**
 * What the token lacks to see all of an environment. Asked apart from the look, which may fail for the lack of it. A privilege
 * that it holds for no guest at all is said once, of `/vms`.
 */
export async function missingToExport(client: ProxmoxClient, settings: Environment): Promise<MissingPrivilege[]> {
  const vmids = settings.guests.map(({ id }) => id);
  const visible = new Set((await client.cluster.guests()).map(({ vmid }) => vmid));
  const needed = exporterNeeds({ vmids, backupStorages: [settings.backup.storage.id] });
  const missing = await missingOfMany(client, needed, visible);
  const byPrivilege = groupBy(missing, ({ privilege }) => privilege);
  return [...byPrivilege].flatMap(([privilege, entries]) => {
    const guests = entries.filter(({ path }) => path.startsWith("/vms/"));
    const ofAll = guests.length > 1 && guests.length === vmids.length;
    const paths = ofAll ? ["/vms"] : entries.map(({ path }) => path);
    return paths.map((path) => ({ privilege, path }));
  });
}
