import { hasLeft } from "../../../site/left-guest";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { GuestSession } from "../engine/session";
import type { RestoreInspection } from "./inspect";

/**
 * Of a guest that the settings do not have any more nobody knows what may be lost of it; and its number may be another's by now.
 *
 * @throws CommandError (13) where it would not come back to an empty place
 */
export async function refuseLeft(
  { context, environment, guest, selector }: GuestSession,
  { present, targetId, freeId, ownership }: RestoreInspection,
): Promise<void> {
  if (!hasLeft(guest) || targetId !== undefined) return;
  const beside = `restore a copy: lifeboat restore guest ${selector} --target-id ${freeId}`;
  const { endpoint } = environment.settings.proxmox;
  const { usable } = (await context.site()).environments();
  const owner = usable
    .filter(({ settings }) => settings.proxmox.endpoint === endpoint)
    .flatMap(({ name, settings }) => settings.guests.map((one) => ({ id: one.id, selector: `${name}/${one.name}` })))
    .find(({ id }) => id === guest.id);
  if (owner !== undefined) throw refusal(`its number ${guest.id} is ${owner.selector}'s in the settings now`, beside);
  // That another stands there is told as such.
  if (present === undefined || ownership.present?.kind === "another") return;
  throw refusal(
    `${guest.name} (${guest.id}) is still there on ${present.address.node}, and no settings say what of it may be replaced`,
    `adopt it first: lifeboat adopt ${environment.name}/${guest.id}; or ${beside}`,
  );
}

function refusal(message: string, hint: string): CommandError {
  return new CommandError(message, { exitCode: exitCodes.refused, hint });
}
