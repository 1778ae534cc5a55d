import { compareMachineDisks } from "../../../site/changes/compare-machine-disks";
import { wayOfLarger } from "../../../site/changes/replacements";
import type { VirtualMachineGuest } from "../../../site/settings/environment";
import { formatSize } from "../../../site/settings/values/sizes";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Finding, Step } from "../engine/step";
import type { PresentGuest } from "../steps/guest/inspection";
import type { GrowPlan, Growth } from "./plan";

/** Disks of a machine that are to get larger. New ones are made by `pulumi up`, in place. */
export function machineGrowths(guest: VirtualMachineGuest, { configuration }: PresentGuest): Growth[] {
  return compareMachineDisks(guest, configuration).flatMap((difference) => {
    if (difference.kind !== "smaller") return [];
    const { disk, storage, found } = difference;
    return [{ key: disk.key, disk: disk.key, storage, from: found, bytes: disk.size }];
  });
}

/** @throws CommandError (13) where a disk is to be smaller than it is: `pulumi up` would fail at that too */
export function refuseSmaller(guest: VirtualMachineGuest, { configuration }: PresentGuest): void {
  const lines = compareMachineDisks(guest, configuration).flatMap((difference) => {
    if (difference.kind !== "larger") return [];
    const { disk, found } = difference;
    const sizes = `  disk ${disk.key} has ${formatSize(found)}, ${formatSize(disk.size)} is wanted`;
    return [sizes, `  HINT: ${wayOfLarger(found)}`];
  });
  if (lines.length === 0) return;
  throw new CommandError(["the settings ask for a smaller disk:", ...lines].join("\n"), {
    exitCode: exitCodes.refused,
    hint: "nothing was changed; mend that first",
  });
}

/** What stays for `pulumi up`. */
export function machineRemarks(guest: VirtualMachineGuest, { configuration }: PresentGuest): string[] {
  return compareMachineDisks(guest, configuration).flatMap(({ kind, disk }) =>
    kind === "missing" ? [`disk ${disk.key} is not there: pulumi up makes it, and keeps the others`] : [],
  );
}

/** Nobody but the guest grows its partitions and file systems: that is said, because the node's task has not done it. */
export function insideStep({ growths, running }: GrowPlan): Step {
  return {
    id: "inside",
    title: "Say what is left to do in the guest",
    does: "say what is left to do in the guest: its partitions and file systems stay as they are",
    run: () => Promise.resolve({ findings: growths.map((growth) => leftInside(growth, running)) }),
  };
}

function leftInside({ disk, bytes }: Growth, running: boolean): Finding {
  const seen = `the guest sees the ${formatSize(bytes)} of disk ${disk} ${running && isHot(disk) ? "at once" : "at its next start"}`;
  const grow =
    "cloud-init does at the next boot (growpart), or somebody by hand (growpart, then resize2fs or xfs_growfs)";
  return { severity: "todo", text: `${seen}; the file system on it must be grown inside the guest, which ${grow}` };
}

/** Disks on other buses tell their size only when the guest starts. */
function isHot(key: string): boolean {
  return key.startsWith("scsi") || key.startsWith("virtio");
}
