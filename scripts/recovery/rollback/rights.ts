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
  return rightsFor(privileges, {
    guests: [target.vmid],
    storages: savePoint === undefined ? [] : [savePoint.storage],
  });
}
