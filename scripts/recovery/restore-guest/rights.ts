import { storageOf } from "../../../proxmox/rules/volume-ids";
import { actingPrivileges, type NeededPrivilege } from "../../../proxmox/rules/privileges";
import type { RestorePlan } from "../steps/guest/plan";
import { rightsFor } from "../steps/guest/rights";

/** What proves a machine afterwards, and is no reason to refuse its restore: the check says what it lacks. */
const ofChecks = "VM.GuestAgent.Audit";

/** What stays to the token where root@pam sends the request that restores. */
const besideRoot = ["VM.Backup", "VM.PowerMgmt", "Datastore.AllocateSpace"];

/**
 * What the token has to be allowed for a restore: everything that the list has for restores. Over a guest that is there some
 * of it is not asked for; but once the old guest is gone, it is.
 */
export function restoreRights(plan: RestorePlan): NeededPrivilege[] {
  const { source, target, present, start, asRoot, nodeRight } = plan;
  const wanted = asRoot ? besideRoot : actingPrivileges("restore").filter((name) => name !== ofChecks);
  const privileges = start || present?.running === true ? wanted : wanted.filter((name) => name !== "VM.PowerMgmt");
  return [
    ...rightsFor(privileges, { guests: [target.vmid], storages: storagesOf(plan) }),
    ...rightsFor(["Datastore.Audit"], { guests: [], storages: diskStoragesOf(plan) }),
    ...(source.vmid === target.vmid ? [] : rightsFor(["VM.Backup"], { guests: [source.vmid] })),
    ...(nodeRight === undefined || asRoot
      ? []
      : [{ privilege: "Sys.Modify", path: "/", features: ["restore"] as const, reason: nodeRight }]),
  ];
}

/** Of the archive, of the save point, and of every volume that is made. */
function storagesOf(plan: RestorePlan): string[] {
  const { archive, savePoint } = plan;
  const kept = savePoint === undefined ? [] : [savePoint.storage];
  return [...new Set([storageOf(archive.volid), ...madeOn(plan), ...kept])];
}

/** Of every disk that there is and that is made: whether the guest is whole is told by them, before and afterwards. */
function diskStoragesOf(plan: RestorePlan): string[] {
  const present = Object.values(plan.savePoint?.volumes ?? {}).map(({ storage }) => storage);
  return [...new Set([...present, ...madeOn(plan)])];
}

function madeOn({ request, madeOn: named }: RestorePlan): string[] {
  if (named !== undefined) return named;
  return Object.entries(request).flatMap(([key, value]) =>
    /^(?:rootfs|mp\d+)$/u.test(key) && typeof value === "string" && !value.startsWith("/") ? [storageOf(value)] : [],
  );
}
