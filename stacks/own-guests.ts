import { pulumiLine } from "../site/plain-pulumi";
import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../components/refusal";
import type { ProxmoxClient } from "../proxmox/api/client";
import { ProxmoxError } from "../proxmox/api/errors";
import { shellQuote } from "../scripts/machine/shell-quote";
import { readMark } from "../site/mark";
import { componentKinds, resourceTypes } from "../site/resources";
import type { Environment } from "../site/settings/environment";
import type { StateResource } from "../site/state/checkpoint";

/** Names in a URN by guests' names, for the types whose id is that of a guest. */
const children = new Map<string, (guest: string) => string>([
  [resourceTypes.container, componentKinds.container.child],
  [resourceTypes["virtual-machine"], componentKinds["virtual-machine"].child],
]);

/**
 * Ends the program where the state has a guest that Lifeboat has not made for this environment under that name: Pulumi would
 * delete whatever has that id, as soon as the program does not declare it. Whose a guest is, it says itself, by its mark; a
 * state says what somebody has written. Guests of the settings are the gate's affair.
 *
 * @throws pulumi.RunError, also where nobody can say whose a guest is
 */
export async function requireOwnGuests(
  client: ProxmoxClient,
  { name, guests }: Environment,
  resources: readonly StateResource[],
): Promise<void> {
  // One that waits to be deleted goes before the gate's guest is looked at again.
  const isDeclared = (resource: StateResource): boolean =>
    resource.delete !== true && guests.some((guest) => String(guest.id) === resource.id && isFor(resource, guest.name));
  for (const resource of resources) {
    if (!children.has(resource.type) || resource.custom !== true || isDeclared(resource)) continue;
    const why = await whyNotOwn(client, name, resource).catch((error: unknown) => {
      if (error instanceof ProxmoxError) return `and whose guest that is could not be found out: ${error.message}`;
      throw error;
    });
    if (why !== undefined) throw foreignGuest(resource, why);
  }
}

/** Whether a resource of the state is the one of a guest of this name. */
function isFor({ type, urn }: StateResource, guest: string): boolean {
  return urn.endsWith(`::${children.get(type)?.(guest) ?? ""}`);
}

async function whyNotOwn(
  client: ProxmoxClient,
  environment: string,
  resource: StateResource,
): Promise<string | undefined> {
  const id = Number(resource.id ?? "");
  if (!Number.isSafeInteger(id) || id <= 0) return "which is no id of a guest";
  const listed = (await client.cluster.guests()).find(({ vmid }) => vmid === id);
  if (listed === undefined) return (await client.cluster.isFree(id)) ? undefined : "which the token may not see";
  const mark = readMark((await client.guests.guestConfig(listed)).description);
  if (mark === undefined) return `which is on ${listed.node} and was not made by Lifeboat`;
  const isOwn = mark.environment === environment && isFor(resource, mark.guest);
  return isOwn ? undefined : `which is on ${listed.node} and is guest ${mark.guest} of environment ${mark.environment}`;
}

function foreignGuest({ urn, id }: StateResource, why: string): pulumi.RunError {
  const stack = pulumi.getStack();
  const shown = urn.replace(/[^ -~]/gu, "?");
  return refusal(
    `Unable to deploy ${stack}: its state has ${shown} with the id ${JSON.stringify(id ?? "")}, ${why}; pulumi would delete it` +
      `\nHINT: somebody else may have written that: lifeboat restore state ${stack} --list; if it is no guest of the stack any more: ${pulumiLine(stack, `state delete ${shellQuote(urn)}`)}`,
  );
}
