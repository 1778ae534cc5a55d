import { adoptionOf, graceEnd, madeByLifeboat, type Adoption, type LiveGuest } from "../../../site/adoption";
import { markOf } from "../../../site/mark";
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
  /** Guests that were meant, and cannot be in these settings: each with its reason. */
  readonly left: readonly string[];
  /** Last day on which disks may stay without a backup. */
  readonly until: string;
}

export interface AdoptionOptions {
  /** Who answers for disks that are in no backup. */
  readonly owner: string;
  /** Every guest was meant: those that cannot be adopted are left out. Each that was named by its id is refused instead. */
  readonly all: boolean;
}

/** What the settings of each guest's environment get; nothing of one all of whose guests are left out. */
export async function planAdoption(
  candidates: readonly Candidate[],
  options: AdoptionOptions,
): Promise<AdoptionPlan[]> {
  const groups = [...groupBy(candidates, ({ environment }) => environment)];
  const plans = await Promise.all(groups.map(([environment, chosen]) => planFor(environment, chosen, options)));
  return plans.filter(({ adoptions, left }) => adoptions.length + left.length > 0);
}

async function planFor(
  environment: LoadedEnvironment,
  candidates: readonly Candidate[],
  { owner, all }: AdoptionOptions,
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
  const hosts = new Map(guests.map(({ name, hostname }) => [hostname.toLowerCase(), name]));
  const left: string[] = [];
  const adoptions = found.flatMap((guest) => {
    if (!all) refuseOwn(guest);
    else if (madeByLifeboat(guest) !== undefined) return [];
    const adoption = adoptionOf(guest, { node: proxmox.node, names });
    const host = (adoption.hostname ?? adoption.name).toLowerCase();
    const same = hosts.get(host);
    if (all && same !== undefined) {
      left.push(`${String(guest.id)}: guest ${same} has the same host name, ${host}`);
      return [];
    }
    hosts.set(host, adoption.name);
    names.add(adoption.name);
    return [adoption];
  });
  const blocks = adoptions.map((adoption) => adoptionBlock(adoption, { owner, until }));
  return { edit: proposeGuests(environment, blocks), adoptions, left, until };
}

/** Adopted, a guest that Lifeboat made would have two owners: its environment, and nobody. */
function refuseOwn(guest: LiveGuest): void {
  const mark = madeByLifeboat(guest);
  if (mark === undefined) return;
  throw new CommandError(`guest ${String(guest.id)} was made by Lifeboat, as ${mark.environment}/${mark.guest}`, {
    exitCode: exitCodes.refused,
    hint: `put its block back into Pulumi.${mark.environment}.yaml; or, where Pulumi does not have it any more, take the line '${markOf(mark)}' out of its notes in Proxmox, and again`,
  });
}
