import { isRealDisk } from "../../../site/restore/machine-drives";
import type { Step } from "../engine/step";
import type { RestorePlan } from "../steps/guest/plan";
import type { GuestWorld } from "../steps/guest/world";

/** Puts disks back that the restore has taken off a machine although they belong to it. */
export function putBackDisks({ target, guest, putBack = [], asRoot }: RestorePlan, world: GuestWorld): Step {
  const { client, rootClient } = world;
  const names = putBack.map(({ key }) => key).join(", ");
  return {
    id: "put-back",
    title: "Put back disks that no backup holds",
    does: `put ${names} back into ${guest}: no backup holds ${putBack.length === 1 ? "it" : "them"}, and ${putBack.length === 1 ? "it stays" : "they stay"} as now`,
    run: async () => {
      const configuration = await client.guests.guestConfig(target);
      const missing = putBack.filter(({ key }) => configuration[key] === undefined);
      const unused = new Set(Object.keys(configuration).flatMap((key) => unusedVolume(key, configuration[key] ?? "")));
      const there = missing.filter((disk) => (asRoot && isRealDisk(disk)) || unused.has(disk.volume));
      if (there.length > 0) {
        const putting = asRoot ? (rootClient ?? client) : client;
        await putting.guests.setGuestConfig(target, Object.fromEntries(there.map(({ key, drive }) => [key, drive])));
      }
      return {
        findings: missing
          .filter((disk) => !there.includes(disk))
          .map(({ key, volume }) => ({
            severity: "todo" as const,
            text: `${key} of ${guest} was not put back: ${volume} is not among its unused disks`,
            mend: `look for it on its storage (qm rescan --vmid ${target.vmid}), or make it anew: lifeboat up`,
          })),
      };
    },
  };
}

function unusedVolume(key: string, value: string): string[] {
  return /^unused\d+$/u.test(key) ? [value.split(",")[0] ?? ""] : [];
}
