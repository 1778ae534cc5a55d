import { pulumiLine } from "../site/plain-pulumi";
import * as pulumi from "@pulumi/pulumi";
import type { Reboot } from "../site/preflight/judge";
import type { Verdict } from "../site/preflight/verdict";
import type { Environment } from "../site/settings/environment";
import { guestsNamedBy, unknownGuests } from "./named-guests";

/**
 * Names of guests that this run may reboot, with commas between them. A variable and not a setting: a reboot is consented to
 * for one run, by whoever chooses its moment; in a file the consent would still be there for the next change.
 */
const consentVariable = "LIFEBOAT_ALLOW_REBOOT";

/** Reboots are told in a preview. An update refuses those that nobody has consented to (A11). */
export function judgeReboots(environment: Environment, reboots: readonly Reboot[]): Verdict {
  const consented = guestsNamedBy(consentVariable);
  const isOpen = ({ guest }: Reboot): boolean => !consented.includes(guest);
  const names = reboots.map(({ guest }) => guest).join(",");
  const hint = `HINT: ${pulumiLine(environment.name, "up", `${consentVariable}=${names}`)}`;
  const told = reboots.filter((reboot) => pulumi.runtime.isDryRun() || !isOpen(reboot));
  return {
    warnings: [
      ...unknownGuests(consentVariable, environment),
      ...told.map((reboot) => tellOf(reboot) + (isOpen(reboot) ? `; it is refused without consent\n${hint}` : "")),
    ],
    refusals: reboots
      .filter((reboot) => !told.includes(reboot))
      .map(
        ({ guest, id, reasons }) =>
          `Unable to update guest ${guest} (${String(id)}): it would reboot (${reasons.join("; ")}), and nobody has consented to that\n${hint}`,
      ),
  };
}

function tellOf({ guest, id, reasons }: Reboot): string {
  return `This update reboots guest ${guest} (${String(id)}): ${reasons.join("; ")}`;
}
