import { nameByTime } from "../../../site/snapshots";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { GuestSession } from "../engine/session";
import { readSnapshots } from "../steps/guest/guest-snapshots";
import { idleGuest } from "../steps/guest/idle-guest";
import type { PresentGuest } from "../steps/guest/inspection";
import { requireSnapshotSupport } from "../steps/guest/snapshot-guest";
import type { SnapshotPlan } from "./plan";

/**
 * Decides how a snapshot is taken. Read only.
 *
 * @param name by default by the node's time.
 * @throws CommandError (1, 11, 13)
 */
export async function planTake(
  session: GuestSession,
  name: string | undefined,
  description: string,
): Promise<SnapshotPlan> {
  const { guest, selector } = session;
  const present = await idleGuest(session);
  await requireSnapshotSupport(session, present);
  const snapshot = name ?? (await freeName(session, present));
  if (present.snapshots.includes(snapshot)) {
    throw new CommandError(`${guest.name} has a snapshot ${snapshot} already`, {
      exitCode: exitCodes.refused,
      hint: `choose another name, or remove it: lifeboat backup snapshot ${selector} --remove ${snapshot}`,
    });
  }
  return planOf(session, present, { action: "take", snapshot, description });
}

async function freeName({ client }: GuestSession, { address, snapshots }: PresentGuest): Promise<string> {
  const { time, timezone } = await client.cluster.nodeTime(address.node);
  return nameByTime("manual", time, timezone, snapshots);
}

/**
 * Decides how a snapshot is removed. Read only.
 *
 * @throws CommandError (1, 10, 11, 13)
 */
export async function planRemoval(session: GuestSession, snapshot: string): Promise<SnapshotPlan> {
  const { client, guest, selector } = session;
  const present = await idleGuest(session);
  const isThere = (await readSnapshots(client, present.address)).some(({ name }) => name === snapshot);
  if (isThere) return planOf(session, present, { action: "remove", snapshot, description: "" });
  throw new CommandError(`${guest.name} has no such snapshot`, {
    exitCode: exitCodes.nothing,
    hint: `see what there is: lifeboat snapshots ${selector}`,
  });
}

function planOf(
  { environment, guest }: GuestSession,
  { address }: PresentGuest,
  what: Pick<SnapshotPlan, "action" | "snapshot" | "description">,
): SnapshotPlan {
  return { environment: environment.name, guest: guest.name, target: address, ...what };
}
