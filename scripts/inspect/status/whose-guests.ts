import type { Guest as NodeGuest } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { ProxmoxError } from "../../../proxmox/api/errors";
import { markTag } from "../../../site/mark";
import { identityOf, type Whose, whosePresent } from "../../../site/restore/identity";
import type { Environment, Guest } from "../../../site/settings/environment";
import { meantGuest } from "../../recovery/steps/guest/meant-guest";

/**
 * Whose the guests are that stand under declared numbers, by the marks in their notes (D15), which Proxmox tells guest by
 * guest only. An adopted guest is asked for where its tags say that Lifeboat marked it for somebody.
 */
export async function whoseGuests(
  client: ProxmoxClient,
  settings: Environment,
  onNode: ReadonlyMap<number, NodeGuest>,
): Promise<Map<number, Whose | string>> {
  const asked = settings.guests.flatMap((guest) => {
    const found = onNode.get(guest.id);
    return found === undefined || (guest.kind === "adopted" && !isTagged(found)) ? [] : [{ guest, found }];
  });
  const judged = asked.map(
    async ({ guest, found }) => [guest.id, await whoseIs(client, settings, guest, found)] as const,
  );
  return new Map(
    (await Promise.all(judged)).flatMap(([id, whose]) => (whose === undefined ? [] : [[id, whose] as const])),
  );
}

/** Undefined: it cannot be told now, as the guest is locked or was deleted since. */
async function whoseIs(
  client: ProxmoxClient,
  settings: Environment,
  guest: Guest,
  { node, type, vmid }: NodeGuest,
): Promise<Whose | string | undefined> {
  try {
    const keys = await client.guests.currentConfig({ node, type, vmid });
    return keys["lock"] === undefined ? whosePresent(identityOf(type, keys), meantGuest(guest, settings)) : undefined;
  } catch (error) {
    if (!(error instanceof ProxmoxError)) throw error;
    return error.kind === "gone" ? undefined : error.reason;
  }
}

function isTagged({ tags = "" }: NodeGuest): boolean {
  return tags.split(/[;, ]/u).includes(markTag);
}
