import type { Node } from "../../model/site";
import type { GuestState } from "../../model/state";

/** Holds a running machine's processors meanwhile. One that somebody else holds stays held. */
export async function whileHeld<Result>(node: Node, guest: GuestState, work: () => Promise<Result>): Promise<Result> {
  const { machines } = node.cluster.site.driver;
  const machine = { node: node.name, vmid: guest.vmid };
  const wasHeld = guest.isPaused === true;
  await machines.pause(machine);
  try {
    return await work();
  } finally {
    if (!wasHeld) await machines.resume(machine);
  }
}
