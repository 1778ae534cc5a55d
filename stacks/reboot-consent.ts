import * as pulumi from "@pulumi/pulumi";
import type { Reboot, Verdict } from "../site/preflight";
import type { Environment } from "../site/settings/environment";

/**
 * Names of guests that this run may reboot, with commas between them. A variable and not a setting: a reboot is consented to
 * for one run, by whoever chooses its moment; in a file the consent would still be there for the next change.
 */
export const consentVariable = "LIFEBOAT_ALLOW_REBOOT";

/** Reboots are told in a preview. An update refuses those that nobody has consented to (A11). */
export function judgeReboots(environment: Environment, reboots: readonly Reboot[]): Verdict {
  const consented = consentedGuests();
  const isOpen = ({ guest }: Reboot): boolean => !consented.includes(guest);
  const names = reboots.map(({ guest }) => guest).join(",");
  const hint = `HINT: ${consentVariable}=${names} pulumi up -s ${environment.name}`;
  const told = reboots.filter((reboot) => pulumi.runtime.isDryRun() || !isOpen(reboot));
  return {
    warnings: [
      ...unknownNames(environment, consented),
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

function consentedGuests(): string[] {
  const names = (process.env[consentVariable] ?? "").split(",").map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ""))];
}

/** A name that is misspelt would be found out only by the refusal. */
function unknownNames({ name, guests }: Environment, consented: readonly string[]): string[] {
  const unknown = consented.filter((one) => !guests.some((guest) => guest.name === one));
  return unknown.map((one) => `${consentVariable} names ${one}, which is no guest of ${name}`);
}
