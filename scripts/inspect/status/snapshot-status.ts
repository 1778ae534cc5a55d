import type { Guest as NodeGuest } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { couldNotBeAsked } from "../../../proxmox/api/errors";
import type { Guest, SnapshotSettings } from "../../../site/settings/environment";
import { missedSnapshot, scheduledFor, snapshotDuty } from "../../../site/snapshots";
import { readSnapshots, whyNoSnapshots } from "../../recovery/steps/guest/guest-snapshots";

/** How a guest's snapshots on a schedule stand. */
export interface SnapshotStatus {
  schedule: string;
  keep: number;
  /** Snapshots of the schedule that there are. */
  count: number;
  /** The time that the newest of them was taken for, unix seconds. */
  newest: number | undefined;
  /** The schedule's next time, unix seconds. */
  next: number | undefined;
  problem: string | undefined;
}

/** The node's clock. */
interface Moment {
  /** Unix seconds. */
  readonly now: number;
  readonly timeZone: string;
}

/** Of the guests with a schedule for snapshots. Proxmox lists snapshots guest by guest only, so that only those are asked for. */
export async function inspectSnapshots(
  client: ProxmoxClient,
  guests: readonly Guest[],
  onNode: ReadonlyMap<number, NodeGuest>,
  moment: Moment,
): Promise<Map<number, SnapshotStatus>> {
  const scheduled = guests.flatMap(({ id, snapshots }) => {
    const found = onNode.get(id);
    return snapshots === undefined || found === undefined ? [] : [{ settings: snapshots, found }];
  });
  const statuses = scheduled.map(
    async ({ settings, found }) => [found.vmid, await inspectOne(client, settings, found, moment)] as const,
  );
  return new Map(await Promise.all(statuses));
}

async function inspectOne(
  client: ProxmoxClient,
  settings: SnapshotSettings,
  { node, type, vmid }: NodeGuest,
  { now, timeZone }: Moment,
): Promise<SnapshotStatus> {
  try {
    const address = { node, type, vmid };
    const snapshots = await readSnapshots(client, address);
    const times = snapshots.flatMap((snapshot) => scheduledFor(snapshot) ?? []);
    const missed = missedSnapshot(settings, snapshots, now, timeZone);
    // Without any there may never be one, which is worth knowing before the first is missed.
    const impossible = missed === undefined && times.length > 0 ? undefined : await whyNoSnapshots(client, address);
    return {
      ...settings,
      count: times.length,
      newest: times.length === 0 ? undefined : Math.max(...times),
      next: snapshotDuty(settings, snapshots, now, timeZone).next,
      problem: impossible ?? missed,
    };
  } catch (error) {
    if (!couldNotBeAsked(error)) throw error;
    const nothing = { count: 0, newest: undefined, next: undefined };
    return { ...settings, ...nothing, problem: `its snapshots cannot be looked at: ${error.reason}` };
  }
}
