import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import type { GuestConfiguration } from "../../../../proxmox/api/answers";
import { isUnusedKey } from "../../../../proxmox/rules/property-strings";
import { storageOfVolume } from "../../../../site/restore/volumes";
import type { MeantGuest } from "../../../../site/restore/identity";
import { volumesOf } from "./guest-snapshots";
import { unless } from "./inspect-present";
import { whyAnotherGuest } from "./meant-guest";
import { requireSight } from "./rights";

/**
 * Why a guest cannot be taken for the one that is meant, and whole, as the end of a sentence: `it is locked (create)`.
 * Undefined: nothing is broken about it, and it is no other that has its number by now.
 *
 * @throws ProxmoxError when the node cannot be asked: then nobody knows.
 */
export async function whyNotWhole(
  client: ProxmoxClient,
  guest: GuestAddress,
  meant: MeantGuest,
): Promise<string | undefined> {
  const { why, configuration } = await lookAt(client, guest);
  return why ?? whyAnotherGuest(guest.type, configuration ?? {}, meant);
}

/**
 * Why a guest, whoever's it is, cannot be taken for whole. Undefined: it is there, nothing holds it, its state is known, and
 * every volume that its configuration names exists.
 *
 * The configuration alone proves nothing: Proxmox keeps the old one, locked, until every old volume of a guest that it
 * overwrites is freed, and a lock may be taken off by hand (PVE::LXC::destroy_lxc_container).
 *
 * @throws ProxmoxError when the node, or a storage, cannot be asked, CommandError (14) when the token is not shown its
 *   volumes: then nobody knows.
 */
export async function whyBroken(client: ProxmoxClient, guest: GuestAddress): Promise<string | undefined> {
  return (await lookAt(client, guest)).why;
}

/** Why it is broken, with the configuration that this was found by; without one it is not there. */
async function lookAt(
  client: ProxmoxClient,
  guest: GuestAddress,
): Promise<{ readonly why: string | undefined; readonly configuration?: GuestConfiguration }> {
  const status = await unless(["gone"], client.guests.guestStatus(guest));
  if (status === undefined) return { why: "it is not there" };
  const configuration = await client.guests.guestConfig(guest);
  const lock = status.lock ?? configuration["lock"];
  if (lock !== undefined) return { why: `it is locked (${lock})`, configuration };
  if (status.status !== "running" && status.status !== "stopped")
    return { why: `its status is '${status.status}'`, configuration };
  const missing = await missingVolumes(client, guest, configuration);
  const why = missing.length === 0 ? undefined : `of its volumes cannot be seen: ${missing.join(", ")}`;
  return { why, configuration };
}

/**
 * Volumes that the configuration names and that their storage does not list. To make and to restore guests takes no right to
 * see volumes, and without one Proxmox leaves them out of its lists and says nothing. A storage that is no more has none.
 *
 * @throws ProxmoxError when a storage cannot be asked, as one that is switched off: its volumes may be there or not;
 *   CommandError (14) for want of a right
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
      await requireSight(client, storage, guest.vmid);
      const listed = (await unless(["gone"], client.guests.volumesOn(storage, guest))) ?? [];
      return named.filter((volume) => storageOfVolume(volume) === storage && !listed.includes(volume));
    }),
  );
  return missing.flat();
}

function unusedVolumes(configuration: GuestConfiguration): string[] {
  return Object.entries(configuration).flatMap(([key, text]) => (isUnusedKey(key) ? [text.split(",")[0] ?? text] : []));
}
