import { parseNetwork } from "../rules/networks";
import { PropertyStringError } from "../rules/property-format";
import type { Guest } from "./answers";
import type { ProxmoxClient } from "./client";
import { unlessHidden } from "./unless-hidden";

/** Which switches of Proxmox's firewall are on; undefined where that is not known. */
export interface FirewallSwitches {
  readonly datacenter: boolean | undefined;
  /** By id; a guest that is not there is missing. */
  readonly guests: ReadonlyMap<number, GuestSwitches>;
}

export interface GuestSwitches {
  /** The guest's own switch. */
  readonly guest: boolean | undefined;
  /** The switch of its first network card. */
  readonly card: boolean | undefined;
}

/**
 * Asks for the switches that decide whether the rules of these guests are in force. Without guests nothing is asked. What
 * the caller may not see is not known, which is not the same as off.
 *
 * @throws ProxmoxError when the node cannot be asked at all.
 */
export async function readFirewallSwitches(client: ProxmoxClient, vmids: readonly number[]): Promise<FirewallSwitches> {
  if (vmids.length === 0) return { datacenter: undefined, guests: new Map() };
  const [datacenter, listed] = await Promise.all([
    unlessHidden(client.firewall.datacenterIsOn()),
    client.cluster.guests(),
  ]);
  // Proxmox answers for guests that are not there as well: that their firewall is off.
  const present = listed.filter(({ vmid }) => vmids.includes(vmid));
  const guests = await Promise.all(
    present.map(async (guest) => [guest.vmid, await switchesOf(client, guest)] as const),
  );
  return { datacenter, guests: new Map(guests) };
}

async function switchesOf(client: ProxmoxClient, address: Guest): Promise<GuestSwitches> {
  const [guest, configuration] = await Promise.all([
    unlessHidden(client.firewall.guestIsOn(address)),
    unlessHidden(client.guests.guestConfig(address)),
  ]);
  const card = configuration?.["net0"];
  return { guest, card: card === undefined ? undefined : cardSwitch(address, card) };
}

function cardSwitch({ type }: Guest, text: string): boolean | undefined {
  try {
    return parseNetwork(type, text, "net0", "keep").firewall === true;
  } catch (error) {
    if (error instanceof PropertyStringError) return undefined;
    throw error;
  }
}
