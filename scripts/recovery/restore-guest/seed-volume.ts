import type { ProxmoxClient } from "../../../proxmox/api/client";
import { leftDisks, seedInTheWay, seedPlaces } from "../../../site/restore/machine-drives";
import { storageOfVolume } from "../../../site/restore/volumes";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { StepContext } from "../engine/step";
import { volumesOf } from "../steps/guest/guest-snapshots";
import type { RestorePlan } from "../steps/guest/plan";
import type { RestoreInspection } from "./inspect";

/** Volumes that the node has of a machine, on those storages where they may be in the way or have to be put back. */
export async function machineVolumes(
  client: ProxmoxClient,
  { chosen, archived, present, storages, guest, node, targetId }: RestoreInspection,
  storage: string | undefined,
): Promise<readonly string[]> {
  if (chosen.type !== "qemu" || targetId !== undefined) return [];
  const wanted = [
    ...seedPlaces(archived.keys, storage).map((seed) => seed.storage),
    ...leftDisks(present?.configuration, archived).flatMap(({ volume }) => storageOfVolume(volume) ?? []),
  ];
  const active = storages.filter((known) => known.active && wanted.includes(known.id));
  const address = present?.address ?? { node, type: "qemu", vmid: guest.id };
  return (await Promise.all(active.map(({ id }) => client.guests.volumesOn(id, address)))).flat();
}

/**
 * What a failed restore leaves of a machine: Proxmox writes nothing but some memory into its configuration until the archive is
 * unpacked. @returns undefined where it has anything else
 */
export function whyLeftover({ guest, present }: RestoreInspection, selector: string): string | undefined {
  if (present?.address.type !== "qemu" || present.lock !== undefined) return undefined;
  const others = Object.keys(present.configuration).filter((key) => key !== "memory" && !/^unused\d+$/u.test(key));
  if (others.length > 0) return undefined;
  return `no save point is made of what is there: it is what a restore that failed has left of ${guest.name}; as it was before that: lifeboat undo ${selector}`;
}

/** Noted where the drive of cloud-init that a failed restore left is being deleted. */
export const seedFact = "freesSeed";

/**
 * A restore that died leaves the drive of cloud-init behind, and every further one fails at its name. It is deleted as an unused
 * disk of what is left of the machine, which takes no more rights than to put disks back.
 */
export async function freeLeftSeed(
  context: StepContext,
  { target, seeds = [] }: Pick<RestorePlan, "target" | "seeds">,
  client: ProxmoxClient,
): Promise<void> {
  if (target.type !== "qemu" || seeds.length === 0) return;
  const configuration = await client.guests.guestConfig(target);
  const storages = [...new Set(seeds.map(({ storage }) => storage))];
  const volumes = (await Promise.all(storages.map((id) => client.guests.volumesOn(id, target)))).flat();
  const found = seedInTheWay(seeds, configuration, volumes);
  if (found === undefined) return;
  if (volumesOf("qemu", configuration).length > 0) {
    throw new CommandError(seedText(found, target.vmid), {
      exitCode: exitCodes.refused,
      hint: seedHint(found, target.vmid, configuration),
    });
  }
  context.note({ [seedFact]: true });
  const key = keyOf(found.volume, configuration) ?? freeKey(configuration);
  if (configuration[key] === undefined) await client.guests.setGuestConfig(target, { [key]: found.volume });
  await client.guests.setGuestConfig(target, { delete: key });
}

type Configuration = Readonly<Record<string, string>>;

function freeKey(configuration: Configuration): string {
  let number = 0;
  while (configuration[`unused${number}`] !== undefined) number += 1;
  return `unused${number}`;
}

/** Under which key a machine has a volume. */
function keyOf(volume: string, configuration: Configuration): string | undefined {
  return Object.keys(configuration).find((key) => configuration[key]?.split(",")[0] === volume);
}

interface SeedInTheWay {
  readonly key: string;
  readonly volume: string;
}

export function seedText({ key, volume }: SeedInTheWay, vmid: number): string {
  return `the archive has the drive of cloud-init as ${key}, and ${volume} has its name already: Proxmox would fail when the disks of ${vmid} are gone`;
}

/** @param configuration the machine's; undefined: there is none, and nothing but the node itself can delete the volume */
export function seedHint({ volume }: SeedInTheWay, vmid: number, configuration: Configuration | undefined): string {
  const key = keyOf(volume, configuration ?? {});
  const how = key === undefined ? `pvesm free ${volume}` : `qm set ${String(vmid)} --delete ${key}`;
  return `Proxmox makes it anew at each start, so that nothing is lost with it; on the node, while ${vmid} is stopped: ${how}`;
}
