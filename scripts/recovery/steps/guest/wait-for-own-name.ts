import { setTimeout as sleep } from "node:timers/promises";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { unless } from "./inspect-present";

/** The node's clock is asked this often, in milliseconds. */
const pause = 250;

/** Seconds until the name is made, at most. An archive of a later time is in nobody's way: the clock was set back. */
const longest = 2;

/**
 * Waits until a new backup gets a file name of its own. Names hold the second of the start, and vzdump moves the finished
 * file over one that has the same: a small guest's archive could be overwritten by the next, made in the same second.
 *
 * @param promised times of archives that are counted on, also where they are not listed any more: a backup with the name of one that
 *   somebody has deleted since would be taken for it.
 */
export async function waitForOwnName(
  client: ProxmoxClient,
  node: string,
  storage: string,
  vmids: readonly number[],
  signal: AbortSignal,
  promised: readonly number[] = [],
): Promise<void> {
  const [only, another] = vmids;
  const archives = await client.backups.archives(node, storage, another === undefined ? only : undefined);
  const own = archives.filter(({ vmid }) => vmid !== undefined && vmids.includes(vmid));
  const taken = [...own.map(({ ctime }) => ctime), ...promised];
  for (;;) {
    const clock = await unless(["forbidden"], client.cluster.nodeTime(node));
    // Without the right to read the clock a whole second is enough.
    if (clock === undefined) return void (await sleep(1_000, undefined, { signal }));
    const { time } = clock;
    // Of any of them, and not of the newest alone: a clock that was set back comes by the older ones again.
    if (!taken.some((second) => second >= time && second <= time + longest)) return;
    await sleep(pause, undefined, { signal });
  }
}
