import type { TaskOutcome } from "../../../proxmox/api/task-outcome";
import { backupServerOwner } from "../../../proxmox/rules/volume-ids";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { RestorePlan } from "../steps/guest/plan";
import type { RestoreInspection } from "./inspect";

/**
 * A live restore: Proxmox starts the machine at once and copies its disks while it runs, fetching what is read before it has come.
 * It exists for machines on a Proxmox Backup Server (qemu-server, `restore_proxmox_backup_archive`; for files it dies in the task).
 *
 * @throws CommandError (2, 13) where Proxmox has none, or where the machine would run before it is complete
 */
export function refuseLive({ chosen, guest }: RestoreInspection, plan: RestorePlan): void {
  const without = "leave --live out: it is restored first, and started then";
  const refuse = (message: string): CommandError =>
    new CommandError(message, { exitCode: exitCodes.refused, hint: without });
  if (chosen.type === "lxc") {
    throw new CommandError(`${guest.name} is a container, and Proxmox restores virtual machines live only`, {
      exitCode: exitCodes.usage,
      hint: without,
    });
  }
  if (backupServerOwner(chosen.volid) === undefined) {
    throw refuse(`Proxmox restores live from a Proxmox Backup Server only, and ${chosen.volid} is a file`);
  }
  if (plan.putBack !== undefined) {
    const keys = plan.putBack.map(({ key }) => key).join(", ");
    throw refuse(`no backup holds ${keys}: ${guest.name} would start without, as it is put back only afterwards`);
  }
  if (!plan.start) throw refuse(`${guest.name} is not to be started afterwards, and a live restore starts it`);
}

/** What it means, in the plan. */
export function liveWarning({ guest, mode, target }: RestorePlan): string {
  const name = mode === "beside" ? `guest ${target.vmid}` : guest;
  return `live: ${name} runs while its disks still come, slowly until they are there; if that breaks off, the node ends it, its disks are incomplete, and what was written in it since is lost`;
}

export const liveQuestion = "It runs while its disks still come; if that breaks off, what it writes meanwhile is lost.";

/**
 * Whether the machine was started before the task failed. What is there then looks whole: it has the archive's configuration and
 * all of its volumes, which are not filled.
 */
export function isHalfLive({ live }: Pick<RestorePlan, "live">, { log }: Pick<TaskOutcome, "log">): boolean {
  return live === true && log.some(saysStarted);
}

export function saysStarted(line: string): boolean {
  return line.includes("starting VM for live-restore");
}
