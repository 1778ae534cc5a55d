import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import type { GuestConfiguration } from "../../../../proxmox/api/answers";
import { showsVolumes } from "../../../../proxmox/api/permissions";
import { storageOfVolume } from "../../../../site/restore/volumes";
import { volumesOf } from "./guest-snapshots";
import { unless } from "./inspect-present";

/**
 * Why a guest cannot be taken for whole, as the end of a sentence: `it is locked (create)`. Undefined: it is there, nothing
 * holds it, its state is known, and every volume that its configuration names exists, as
 * far as the token is shown them.
 *
 * The configuration alone proves nothing: Proxmox keeps the old one, locked, until every old volume of a guest that it
 * overwrites is freed, and a lock may be taken off by hand (PVE::LXC::destroy_lxc_container).
 *
 * @throws ProxmoxError when the node, or a storage, cannot be asked: then nobody knows.
 */
export async function whyNotWhole(client: ProxmoxClient, guest: GuestAddress): Promise<string | undefined> {
  const status = await unless(["gone"], client.guests.guestStatus(guest));
  if (status === undefined) return "it is not there";
  const configuration = await client.guests.guestConfig(guest);
  const lock = status.lock ?? configuration["lock"];
  if (lock !== undefined) return `it is locked (${lock})`;
  if (status.status !== "running" && status.status !== "stopped") return `its status is '${status.status}'`;
  const missing = await missingVolumes(client, guest, configuration);
  return missing.length === 0 ? undefined : `of its volumes cannot be seen: ${missing.join(", ")}`;
}

/**
 * Volumes that the configuration names and that their storage does not list. Only where the token is shown them: to make and
 * to restore guests takes no right to see volumes, and then nothing is known of them. A storage that is no more has none.
 *
 * @throws ProxmoxError when a storage cannot be asked, as one that is switched off: its volumes may be there or not
 */
async function missingVolumes(
  client: ProxmoxClient,
  guest: GuestAddress,
  configuration: GuestConfiguration,
): Promise<string[]> {
  const named = [...volumesOf(guest.type, configuration).map(({ volume }) => volume), ...unusedVolumes(configuration)];
  const storages = [...new Set(named.flatMap((volume) => storageOfVolume(volume) ?? []))];
  const missing = await Promise.all(
    storages.map(async (storage) => {
      if (!(await showsVolumes(client, storage, guest.vmid))) return [];
      const listed = (await unless(["gone"], client.guests.volumesOn(storage, guest))) ?? [];
      return named.filter((volume) => storageOfVolume(volume) === storage && !listed.includes(volume));
    }),
  );
  return missing.flat();
}

function unusedVolumes(configuration: GuestConfiguration): string[] {
  return Object.entries(configuration).flatMap(([key, text]) =>
    /^unused\d+$/u.test(key) ? [text.split(",")[0] ?? text] : [],
  );
}
