import { shellQuote } from "../../machine/shell-quote";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Step } from "../engine/step";
import type { RestorePlan } from "../steps/guest/plan";
import type { GuestWorld } from "../steps/guest/world";

/** Reads the archive from its beginning to its end, before anything is touched (D9). */
export function readArchive(plan: RestorePlan, host: string, path: string, world: GuestWorld): Step {
  const { volid, size, older } = plan.archive;
  return {
    id: "integrity",
    title: "Read the archive",
    does: `read ${volid} to its end on ${plan.target.node}, over SSH`,
    run: async ({ signal }) => {
      const result = await world.readArchive(host, path, signal);
      switch (result.kind) {
        case "whole":
          return { facts: { bytes: size, read: true } };
        case "unread":
          return {
            facts: { read: false },
            findings: [
              {
                severity: "todo",
                text: `${volid} was not read before the restore: ${result.why}`,
                mend: "lifeboat doctor",
              },
            ],
          };
        case "damaged":
          throw new CommandError(`${volid} is damaged: ${result.why}`, {
            exitCode: exitCodes.refused,
            hint:
              older === undefined
                ? `there is no older one; see all archives: lifeboat backups ${plan.environment}/${plan.guest}`
                : `restore the next older one: lifeboat restore guest ${plan.environment}/${plan.guest} --archive ${shellQuote(older)}`,
          });
      }
    },
  };
}
