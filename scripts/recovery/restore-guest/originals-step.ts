import type { ProxmoxClient } from "../../../proxmox/api/client";
import { nodeTools } from "../../../proxmox/rules/node-tools";
import { originalsOwn } from "../../../site/restore/originals-own";
import { rootPasswordHint } from "../../project/root-password";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Finding, Step, StepContext } from "../engine/step";
import type { RestorePlan } from "../steps/guest/plan";
import type { GuestWorld } from "../steps/guest/world";

/** Takes out of a copy what is its original's, before it starts for the first time. */
export function takeOutOriginals(
  { target, originals = [] }: RestorePlan,
  { client, rootClient }: GuestWorld,
  requireOwn: (context: StepContext) => Promise<void>,
): Step {
  return {
    id: "take-out",
    title: "Take out what is the original's",
    does: `take ${originals.join(", ")} out of guest ${target.vmid}, as root@pam: the original's`,
    run: async (context) => {
      await requireOwn(context);
      const keys = originalsOwn(await client.guests.guestConfig(target));
      if (keys.length === 0) return;
      if (rootClient === undefined) {
        const message = `only root@pam may take ${keys.join(", ")} out of guest ${target.vmid}`;
        throw new CommandError(message, { exitCode: exitCodes.unavailable, hint: rootPasswordHint });
      }
      await rootClient.guests.setGuestConfig(target, { delete: keys.join(",") });
    },
  };
}

/** @throws CommandError (13) for a copy that would work on what is its original's */
export async function refuseOriginals(client: ProxmoxClient, { target }: RestorePlan): Promise<void> {
  const keys = originalsOwn(await client.guests.guestConfig(target));
  if (keys.length === 0) return;
  throw new CommandError(`guest ${target.vmid} is not started: it has ${keys.join(", ")} of its original`, {
    exitCode: exitCodes.refused,
    hint: `take them out on its node, and run the same command again: ${nodeTools(target.type).program} set ${target.vmid} --delete ${keys.join(",")}`,
  });
}

/** What the operator is told of a copy that was not started. */
export function originalsFinding({ target: { vmid, type }, originals, start }: RestorePlan): Finding[] {
  if (originals === undefined || start) return [];
  const { program } = nodeTools(type);
  return [
    {
      severity: "todo",
      text: `guest ${vmid} is not started: it has ${originals.join(", ")} of its original, which only root@pam may take out`,
      mend: `${program} set ${vmid} --delete ${originals.join(",")} && ${program} start ${vmid}`,
    },
  ];
}
