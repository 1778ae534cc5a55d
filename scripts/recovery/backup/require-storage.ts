import type { ProxmoxClient } from "../../../proxmox/api/client";
import { missingPrivileges } from "../../../proxmox/api/permissions";
import type { LoadedEnvironment } from "../../project/site";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";

/**
 * A node without the storage would refuse the run with words that lead nowhere. One that the token may only not see is no
 * reason: its rights are asked for by themselves.
 *
 * @throws CommandError (1)
 */
export async function requireStorage(
  client: ProxmoxClient,
  { node, storage }: { readonly node: string; readonly storage: string },
  { name, settings }: LoadedEnvironment,
): Promise<void> {
  const seen = await client.backups.storages(node);
  if (seen.some((one) => one.storage === storage)) return;
  const privilege = { privilege: "Datastore.AllocateSpace", path: `/storage/${storage}` } as const;
  if ((await missingPrivileges(client, [privilege])).length > 0) return;
  const isOurs = settings.backup.storage.id === storage && settings.backup.storage.type !== "adopted";
  throw new CommandError(`${node} has no storage ${storage}`, {
    exitCode: exitCodes.failed,
    hint: isOurs ? `make it: lifeboat up ${name}` : `make it on ${node}, or name another one in lifeboat:backup`,
  });
}
