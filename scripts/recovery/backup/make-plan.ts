import { idleGuest } from "../steps/guest/idle-guest";
import type { GuestSession } from "../engine/session";
import { type BackupPlan, backupOptions } from "./plan";

/**
 * Looks at the guest and decides how it is backed up.
 *
 * @throws CommandError (1, 11, 13)
 */
export async function planBackup(session: GuestSession): Promise<BackupPlan> {
  const { client, guest, environment } = session;
  const present = await idleGuest(session);
  return {
    environment: environment.name,
    guest: guest.name,
    target: present.address,
    ...(await backupOptions(client, environment.settings)),
  };
}
