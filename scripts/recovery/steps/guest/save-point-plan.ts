import type { Environment } from "../../../../site/settings/environment";
import type { PresentGuest } from "./inspection";
import type { Guest } from "../../../../site/settings/environment";
import type { RestorePlan } from "./plan";
import { containerDisks, storageOfVolume } from "../../../../site/restore/volumes";

/** Address for a guest's checks, where the settings know it. */
export function hostOf(guest: Guest): string | undefined {
  return guest.kind !== "adopted" && guest.network.address.kind === "static" ? guest.network.address.ip : undefined;
}

/** How the present guest is backed up before it is overwritten. */
export function savePointOf(
  { backup }: Environment,
  { present, mayKeepAll }: { readonly present: PresentGuest | undefined; readonly mayKeepAll: boolean },
): NonNullable<RestorePlan["savePoint"]> {
  const volumes = containerDisks(present?.configuration ?? {}).flatMap(({ key, mountPoint }) => {
    const storage = storageOfVolume(mountPoint.volume);
    return storage === undefined ? [] : [[key, { storage, size: mountPoint.size ?? 0 }] as const];
  });
  return {
    storage: backup.storage.id,
    mode: backup.mode,
    compress: backup.compress === "none" ? "0" : backup.compress,
    prune: mayKeepAll ? "keep-all" : "no-removal",
    volumes: Object.fromEntries(volumes),
  };
}
