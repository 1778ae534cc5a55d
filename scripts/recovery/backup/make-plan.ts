import { idleGuest } from "../steps/guest/idle-guest";
import type { GuestSession } from "../engine/session";
import { type BackupPlan, backupOptions } from "./plan";
import { requireStorage } from "./require-storage";

/**
 * Looks at the guest and decides how it is backed up.
 *
 * @throws CommandError (1, 11, 13)
 */
export async function planBackup(session: GuestSession): Promise<BackupPlan> {
  const { client, guest, environment } = session;
  const present = await idleGuest(session);
  const options = await backupOptions(client, environment.settings);
  await requireStorage(client, { node: present.address.node, storage: options.storage }, environment);
  return {
    environment: environment.name,
    guest: guest.name,
    target: present.address,
    ...options,
  };
}
