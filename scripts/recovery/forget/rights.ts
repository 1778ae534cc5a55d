import type { NeededPrivilege } from "../../../proxmox/rules/privileges";
import { rightsFor } from "../steps/guest/rights";

/** What the token has to be allowed to see and to delete save points of a guest on some storages. */
export function forgetRights(vmid: number, storages: readonly string[]): NeededPrivilege[] {
  return rightsFor(["VM.Backup", "Datastore.AllocateSpace"], { guests: [vmid], storages });
}
