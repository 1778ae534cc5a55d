import type { Node } from "../model/site";
import type { GuestState } from "../model/state";

/** Records that a guest has ended. */
export function markStopped(node: Node, guest: GuestState): void {
  guest.status = "stopped";
  delete guest.startedAt;
  delete guest.isPaused;
  node.cluster.save();
}
