import { CommandError } from "../../commands/frame/command-error";
import { exitCodes } from "../../commands/frame/exit-codes";
import { formatMoment } from "../../../site/restore/moments";
import { inspectPresent, runningTasks } from "../guests/inspect-present";
import type { RunningTask } from "../guests/inspection";
import type { Session } from "../session";
import { type BackupPlan, backupOptions } from "./backup-plan";

/**
 * Looks at the guest and decides how it is backed up.
 *
 * @throws CommandError (1, 11, 13)
 */
export async function planBackup(session: Session): Promise<BackupPlan> {
  const { client, guest, environment, selector } = session;
  const present = await inspectPresent(client, guest.node, guest.id);
  if (present === undefined) {
    throw new CommandError(`there is no guest ${guest.id} on ${guest.node}`, {
      exitCode: exitCodes.failed,
      hint: `if it was lost: lifeboat restore guest ${selector}`,
    });
  }
  const busy = (await runningTasks(client, present.address.node, guest.id)).find(({ id }) => id === String(guest.id));
  if (busy !== undefined) throw taskAtWork(guest.name, busy);
  if (present.lock !== undefined) {
    throw new CommandError(`${guest.name} is locked on its node (${present.lock})`, {
      exitCode: exitCodes.refused,
      hint: `see which task holds it; a lock that was left behind is removed on the node: pct unlock ${guest.id}`,
    });
  }
  return {
    environment: environment.name,
    guest: guest.name,
    target: present.address,
    ...(await backupOptions(client, environment.settings)),
  };
}

/** Another run on the node, from wherever it was started. */
export function taskAtWork(guest: string, { type, upid, user, since }: RunningTask): CommandError {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return new CommandError(
    `a task '${type}' of ${user} is at work on ${guest} since ${formatMoment(since, zone)} (${upid})`,
    { exitCode: exitCodes.locked, hint: "wait until it has ended" },
  );
}
