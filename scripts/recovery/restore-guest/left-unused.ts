import type { ProxmoxClient } from "../../../proxmox/api/client";
import { isUnusedKey } from "../../../proxmox/rules/property-strings";
import type { Finding } from "../engine/step";
import type { RestorePlan } from "../steps/guest/plan";

/**
 * Proxmox makes every volume with a machine's number an unused disk of it: also the half-filled ones of a restore that died, which
 * nothing else would ever name again.
 */
export async function leftUnused(
  client: ProxmoxClient,
  { target, guest, had, putBack = [] }: RestorePlan,
): Promise<Finding[]> {
  if (had === undefined) return [];
  const configuration = await client.guests.guestConfig(target);
  const known = new Set([...had, ...putBack.map(({ volume }) => volume)]);
  return Object.keys(configuration)
    .filter(isUnusedKey)
    .map((key) => ({ key, volume: configuration[key]?.split(",")[0] ?? "" }))
    .filter(({ volume }) => !known.has(volume))
    .map(({ key, volume }) => ({
      severity: "todo",
      text: `${key} of ${guest} (${volume}) was no disk of it before: a restore that died has left it, or a change that waited for its next start`,
      mend: `look at it, and where nobody needs it: qm set ${String(target.vmid)} --delete ${key}`,
    }));
}
