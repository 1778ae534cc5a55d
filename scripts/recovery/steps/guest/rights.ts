import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { missingPrivileges, showsVolumes } from "../../../../proxmox/api/permissions";
import { missingLines, type NeededPrivilege, neededPrivileges } from "../../../../proxmox/rules/privileges";
import { setupHint } from "../../../clients/failure";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";

/** What an operation works on. */
export interface WorkedOn {
  /** Ids. */
  readonly guests: readonly number[];
  readonly storages?: readonly string[];
  /** Ids of machines of which a check asks the guest agent. */
  readonly machines?: readonly number[];
  /** Ids of machines of which a check has the guest agent run a command. */
  readonly commanded?: readonly number[];
}

/** These privileges of the list, for these guests and storages; one for networks where it is among them. */
export function rightsFor(privileges: readonly string[], worked: WorkedOn): NeededPrivilege[] {
  const { guests, storages = [], machines = [], commanded = [] } = worked;
  const scope = { vmids: guests, machines, commanded, storages, backupStorages: [], declaresStorage: false, pools: [] };
  return neededPrivileges(scope).filter(({ privilege }) => privileges.includes(privilege));
}

/**
 * Asks what the token may do before anything is done: a right that is missing half-way would leave a guest stopped, or gone.
 *
 * @throws CommandError (14) with `lifeboat doctor`'s own lines
 */
export async function requireRights(client: ProxmoxClient, needed: readonly NeededPrivilege[]): Promise<void> {
  const missing = await missingPrivileges(client, needed);
  if (missing.length === 0) return;
  throw new CommandError(missingLines(missing).join("; "), { exitCode: exitCodes.unavailable, hint: setupHint });
}

/** @throws CommandError (14) where a storage leaves a guest's volumes out of its list for want of a right */
export async function requireSight(client: ProxmoxClient, storage: string, vmid: number): Promise<void> {
  if (await showsVolumes(client, storage, vmid)) return;
  await requireRights(
    client,
    rightsFor(["Datastore.Audit", "VM.Config.Disk"], { guests: [vmid], storages: [storage] }),
  );
}
