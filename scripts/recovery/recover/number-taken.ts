import type { Guest as NodeGuest } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { isCertainlyAnother, mendAnother, tellAnother, whosePresent } from "../../../site/restore/identity";
import { meantGuest, presentIdentity } from "../steps/guest/meant-guest";
import type { GuestSession } from "../engine/session";
import type { EnvironmentLook, GuestLook } from "./plan";

/** What a plan says of a guest whose number another has, or may have. */
type TakenLook = Pick<GuestLook, "way"> & Required<Pick<GuestLook, "why" | "mend">>;

/**
 * How it is with a guest whose number one has that is certainly another (D15): on a node that stands in for a lost one somebody may have made
 * guests of its own, and the lost one is not there for that. Undefined: it may be the one that is meant, by its mark or its name.
 *
 * @param listed on a node that answers
 */
export async function wayOfTaken(
  client: ProxmoxClient,
  listed: NodeGuest,
  { guest, environment, selector }: Pick<GuestSession, "guest" | "environment" | "selector">,
): Promise<TakenLook | undefined> {
  const { node, vmid, type } = listed;
  const subject = `guest ${String(vmid)} on ${node}`;
  const present = await presentIdentity(client, { node, vmid, type });
  if (typeof present === "string") {
    const why = `whether ${subject} is ${selector} cannot be seen: ${present}`;
    return { way: "another", why, mend: "when it can be seen: the same command" };
  }
  if (present === undefined) return undefined;
  const meant = meantGuest(guest, environment.settings);
  const whose = whosePresent(present, meant);
  // One that may well be it is taken for it: the last check says that it should bear a mark.
  if (!isCertainlyAnother(whose, meant.name ?? guest.name)) return undefined;
  const beside = `or bring it back beside that one: lifeboat restore guest ${selector} --target-id NUMBER`;
  return {
    way: "another",
    why: tellAnother(subject, whose, selector),
    mend: `${mendAnother({ type, vmid }, selector)}; ${beside}`,
  };
}

/** Guests whose numbers others have, or may have: Pulumi would write those into the state, and change them. */
export function takenIn({ guests }: Pick<EnvironmentLook, "guests">): string[] {
  return guests.filter(({ way }) => way === "another").map(({ name }) => name);
}
