import type { NeededPrivilege } from "../../../proxmox/rules/privileges";
import { rightsFor } from "../steps/guest/rights";
import type { RollbackPlan } from "./plan";

/** What the token has to be allowed for a rollback, and for keeping the present state before it. */
export function rollbackRights({ target, present, start, savePoint }: RollbackPlan): NeededPrivilege[] {
  const privileges = [
    "VM.Snapshot",
    ...(present.running || start ? ["VM.PowerMgmt"] : []),
    ...(savePoint === undefined ? [] : ["VM.Backup", "Datastore.AllocateSpace"]),
  ];
  const guests = [target.vmid];
  if (savePoint === undefined) return rightsFor(privileges, { guests });
  // A save point is given up only where the guest is seen to be whole.
  const disks = Object.values(savePoint.volumes ?? {}).map(({ storage }) => storage);
  return [
    ...rightsFor([...privileges, "VM.Config.Disk"], { guests, storages: [savePoint.storage] }),
    ...rightsFor(["Datastore.Audit"], { guests: [], storages: disks }),
  ];
}
