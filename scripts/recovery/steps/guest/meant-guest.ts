import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { ProxmoxError } from "../../../../proxmox/api/errors";
import type { ConfigurationKeys } from "../../../../proxmox/rules/guest-configuration";
import {
  type GuestIdentity,
  identityOf,
  mendAnother,
  type MeantGuest,
  namelessKey,
  tellAnother,
  whosePresent,
} from "../../../../site/restore/identity";
import type { Environment, Guest } from "../../../../site/settings/environment";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { expectedName } from "./inspection";

/**
 * The guest that the settings mean. That one bears no mark only they can say, or its own archives: what has left them is known by
 * its mark otherwise.
 */
export function meantGuest(guest: Guest, { name: environment, guests }: Environment): MeantGuest {
  const isDeclared = guests.some(({ id, name }) => id === guest.id && name === guest.name);
  const isMarked = (guest.kind === "adopted" ? guest.left?.isMarked : undefined) ?? true;
  return {
    mark: { environment, guest: guest.name },
    isOwned: guest.kind !== "adopted" || (!isDeclared && isMarked),
    name: expectedName(guest),
    archivedAs: guest.hostname,
    isNameless: guest.name === namelessKey(guest.id) && guest.hostname === guest.name,
    keys: guests.map(({ name }) => name),
    ...(isDeclared ? {} : { hasLeft: true }),
  };
}

/** What the guest that is there says of itself, or why it cannot be read. Undefined: it is locked, or was deleted since. */
export async function presentIdentity(
  client: ProxmoxClient,
  guest: GuestAddress,
): Promise<GuestIdentity | string | undefined> {
  try {
    const keys = await client.guests.currentConfig(guest);
    return keys["lock"] === undefined ? identityOf(guest.type, keys) : undefined;
  } catch (error) {
    if (!(error instanceof ProxmoxError)) throw error;
    return error.kind === "gone" ? undefined : error.reason;
  }
}

/** Why the guest that is there is not the one that is meant (D15), as a clause: `it is lab/web, not prod/web`. */
export function whyAnotherGuest(
  type: GuestAddress["type"],
  configuration: ConfigurationKeys,
  meant: MeantGuest,
): string | undefined {
  const whose = whosePresent(identityOf(type, configuration), meant);
  return whose.kind === "another" ? tellAnother("it", whose, selectorOf(meant)) : undefined;
}

/**
 * Refuses to work on a guest that has the number of another (D15).
 *
 * @throws CommandError (13)
 */
export function refuseAnotherGuest(
  { node, type, vmid }: GuestAddress,
  configuration: ConfigurationKeys,
  meant: MeantGuest,
): void {
  const why = whyAnotherGuest(type, configuration, meant);
  if (why === undefined) return;
  throw new CommandError(`guest ${vmid} on ${node} is not to be touched: ${why}`, {
    exitCode: exitCodes.refused,
    hint: mendAnother({ type, vmid }, selectorOf(meant)),
  });
}

/**
 * Refuses a guest that says of itself that it is another. One without a mark may have been restored from an archive that
 * somebody named.
 *
 * @throws CommandError (13)
 */
export async function refuseMarkedAnother(
  client: ProxmoxClient,
  guest: GuestAddress,
  meant: MeantGuest,
): Promise<void> {
  const configuration = await client.guests.guestConfig(guest);
  const { mark } = identityOf(guest.type, configuration);
  if (mark !== undefined) refuseAnotherGuest(guest, configuration, meant);
}

function selectorOf({ mark: { environment, guest } }: MeantGuest): string {
  return `${environment}/${guest}`;
}
