import { adoptionOf, graceEnd, madeByLifeboat, type Adoption, type LiveGuest } from "../../../site/adoption";
import { dayOf } from "../../../site/opt-outs";
import { groupBy } from "../../machine/group-by";
import { type SettingsEdit, proposeGuests } from "../../project/edit-settings";
import type { LoadedEnvironment } from "../../project/environment";
import { adoptionBlock } from "../../project/guest-block";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Candidate } from "./choose-unnamed";

/** What one settings file gets. */
export interface AdoptionPlan {
  readonly edit: SettingsEdit;
  readonly adoptions: readonly Adoption[];
  /** Last day on which disks may stay without a backup. */
  readonly until: string;
}

/** What the settings of each guest's environment get. @param owner who answers for disks that are in no backup. */
export function planAdoption(candidates: readonly Candidate[], owner: string): Promise<AdoptionPlan[]> {
  const groups = [...groupBy(candidates, ({ environment }) => environment)];
  return Promise.all(groups.map(([environment, chosen]) => planFor(environment, chosen, owner)));
}

async function planFor(
  environment: LoadedEnvironment,
  candidates: readonly Candidate[],
  owner: string,
): Promise<AdoptionPlan> {
  const client = await environment.client();
  const { proxmox, guests } = environment.settings;
  const { time, timezone } = await client.cluster.nodeTime(proxmox.node);
  const until = graceEnd(dayOf(time, timezone));
  const found = await Promise.all(
    candidates.map(async ({ guest: { id, type, node } }): Promise<LiveGuest> => {
      const configuration = await client.guests.guestConfig({ node, type, vmid: id });
      return { id, type, node, configuration };
    }),
  );
  const names = new Set(guests.map(({ name }) => name));
  const adoptions = found.map((guest) => {
    refuseOwn(guest);
    const adoption = adoptionOf(guest, { node: proxmox.node, names });
    names.add(adoption.name);
    return adoption;
  });
  const blocks = adoptions.map((adoption) => adoptionBlock(adoption, { owner, until }));
  return { edit: proposeGuests(environment, blocks), adoptions, until };
}

/** Adopted, a guest that Lifeboat made would have two owners: its environment, and nobody. */
function refuseOwn(guest: LiveGuest): void {
  const mark = madeByLifeboat(guest);
  if (mark === undefined) return;
  throw new CommandError(`guest ${String(guest.id)} was made by Lifeboat, as ${mark.environment}/${mark.guest}`, {
    exitCode: exitCodes.refused,
    hint: `put its block back into Pulumi.${mark.environment}.yaml, or remove its mark from its notes in Proxmox first`,
  });
}
