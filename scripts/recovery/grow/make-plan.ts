import { pulumiLine } from "../../../site/plain-pulumi";
import type { StorageEntry } from "../../../proxmox/api/answers";
import { compareDisks, type DiskDifference } from "../../../site/changes/compare-disks";
import { replacementLines, replacements } from "../../../site/changes/replacements";
import { readMark } from "../../../site/mark";
import type { OwnedGuest } from "../../../site/settings/environment";
import { formatSize } from "../../../site/settings/values/sizes";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Demand } from "../engine/consent";
import { digestOf, type Inputs } from "../engine/digest";
import { idleGuest } from "../steps/guest/idle-guest";
import type { PresentGuest } from "../steps/guest/inspection";
import type { GuestSession } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import { machineGrowths, machineRemarks, refuseSmaller } from "./machine-disks";
import type { GrowPlan } from "./plan";
import { guestSettingsDigest } from "../steps/guest/inputs";

/** A plan with what people are told and asked about it. */
export interface PlannedGrowth {
  readonly plan: GrowPlan;
  readonly demands: readonly Demand[];
  readonly inputs: Inputs;
  readonly remarks: readonly string[];
}

/**
 * Looks at the guest and decides what is to be done, so that its disks are as the settings say. GET requests only.
 *
 * @throws CommandError (1, 2, 11, 13)
 */
export async function planGrowth(session: GuestSession): Promise<PlannedGrowth> {
  const { client, environment } = session;
  const guest = ownedGuest(session);
  const present = await idleGuest(session);
  requireOwn(session, guest, present);
  requireGrowthOnly(session, guest, present);
  const plan: GrowPlan = {
    environment: environment.name,
    guest: guest.name,
    target: { node: present.address.node, type: present.address.type, vmid: guest.id },
    running: present.running,
    ...changesOf(guest, present),
  };
  // Of a machine, Proxmox's protection only keeps disks from being removed.
  const hinders = guest.kind === "container" && present.protection;
  if (plan.growths.length + plan.additions.length > 0 && hinders) throw protectedGuest(session);
  const storages = await client.backups.storages(present.address.node);
  return {
    plan,
    demands: [demandOf(plan)],
    inputs: growthInputs(present.configuration, guestSettingsDigest(guest)),
    remarks: [...roomRemarks(plan, storages), ...laterRemarks(guest, present)],
  };
}

/** What is to be done to the disks of a guest. */
export function changesOf(guest: OwnedGuest, present: PresentGuest): Pick<GrowPlan, "growths" | "additions"> {
  if (guest.kind === "virtual-machine") return { growths: machineGrowths(guest, present), additions: [] };
  const differences = compareDisks(guest, present.configuration);
  return { growths: differences.flatMap(growthOf), additions: differences.flatMap(additionOf) };
}

/** Name of the digest of the guest's settings among the inputs. */
export const settingsInput = "the guest's settings";

/** What the plan rests on. */
export function growthInputs(configuration: Readonly<Record<string, string>>, settingsDigest: string): Inputs {
  return { "the guest's configuration": digestOf(configuration), [settingsInput]: settingsDigest };
}

function ownedGuest({ guest }: GuestSession): OwnedGuest {
  if (guest.kind !== "adopted") return guest;
  throw usageError(
    `${guest.name} is adopted: its disks are nobody's settings`,
    "grow them in Proxmox's web interface: the guest, Resources or Hardware, Volume or Disk Action",
  );
}

/** @throws CommandError (13) for a guest without our mark */
export function requireOwn(
  { environment, selector }: GuestSession,
  guest: OwnedGuest,
  { address, configuration }: PresentGuest,
) {
  const mark = readMark(configuration["description"]);
  const type = guest.kind === "container" ? "lxc" : "qemu";
  if (address.type === type && mark?.environment === environment.name && mark.guest === guest.name) return;
  throw new CommandError(`guest ${String(guest.id)} on ${address.node} is not ${selector}: it has not its mark`, {
    exitCode: exitCodes.refused,
    hint: `see whose it is: lifeboat preview ${environment.name}`,
  });
}

/** What the program refuses, and this command cannot mend, comes first: `pulumi up` would not go on afterwards either. */
function requireGrowthOnly({ environment }: GuestSession, guest: OwnedGuest, present: PresentGuest): void {
  if (guest.kind === "virtual-machine") {
    refuseSmaller(guest, present);
    return;
  }
  const of = { environment: environment.name, guest };
  const { configuration, running, pool } = present;
  const others = replacements(of, { configuration, running, pool }).filter(({ growable }) => growable !== true);
  if (others.length === 0) return;
  throw new CommandError(
    ["the settings ask for more than larger and further disks:", ...replacementLines(others)].join("\n"),
    {
      exitCode: exitCodes.refused,
      hint: "nothing was changed; mend that first",
      details: { differences: others },
    },
  );
}

function growthOf(difference: DiskDifference): GrowPlan["growths"] {
  if (difference.kind !== "smaller") return [];
  const { disk, key, found } = difference;
  return [{ key, disk: disk.name, storage: disk.storage, from: found, bytes: disk.size, mount: disk.mount }];
}

function additionOf(difference: DiskDifference): GrowPlan["additions"] {
  if (difference.kind !== "missing" || difference.disk.kind === "bind") return [];
  const { disk, slot } = difference;
  const { name, mount, storage, size, optOut } = disk;
  return [{ key: `mp${String(slot)}`, disk: name, storage, bytes: size, mount, backup: optOut === undefined }];
}

/** What stays for `pulumi up`. */
function laterRemarks(guest: OwnedGuest, present: PresentGuest): string[] {
  if (guest.kind === "virtual-machine") return machineRemarks(guest, present);
  return compareDisks(guest, present.configuration).flatMap(laterRemark);
}

function laterRemark(difference: DiskDifference): string[] {
  switch (difference.kind) {
    case "backup":
      return [`disk ${difference.disk.name}: its backup flag is changed by pulumi up, which reboots the guest`];
    case "mount":
      return [
        `disk ${difference.disk.name}: it is mounted at ${difference.found} until pulumi up, which reboots the guest`,
      ];
    default:
      return [];
  }
}

/** Thin storages may promise more than they have: that is told, and decided by nobody but the storage itself. */
function roomRemarks({ growths, additions }: GrowPlan, storages: readonly StorageEntry[]): string[] {
  const wanted = new Map<string, number>();
  for (const { storage, bytes, from } of [...growths, ...additions.map((one) => ({ ...one, from: 0 }))]) {
    wanted.set(storage, (wanted.get(storage) ?? 0) + bytes - from);
  }
  return [...wanted].flatMap(([storage, bytes]) => {
    const avail = storages.find((entry) => entry.storage === storage)?.avail;
    if (avail === undefined || avail >= bytes) return [];
    return [`storage ${storage} has ${formatSize(avail)} left, and ${formatSize(bytes)} more are promised on it`];
  });
}

function demandOf({ guest, growths, additions }: GrowPlan): Demand {
  const all = [...growths, ...additions].map(({ disk }) => disk).join(", ");
  return {
    flag: forceFlag,
    reason: "the plan is not confirmed",
    question: `Change the disks of ${guest} (${all})? No disk can be made smaller again.`,
  };
}

function protectedGuest({ guest, environment }: GuestSession): CommandError {
  return new CommandError(`${guest.name} is protected in Proxmox, which refuses changes of its disks`, {
    exitCode: exitCodes.refused,
    hint: `write \`protection: false\` and run ${pulumiLine(environment.name, "up")}, or take it away by hand for the time being`,
  });
}
