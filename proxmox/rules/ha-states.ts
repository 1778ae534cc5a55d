/**
 * What HA is about to do with a guest, by the state of its service (PVE::HA::Manager):
 *
 * - `working`: it stops, starts, moves or recovers the guest now, or will as soon as its node is fenced.
 * - `waiting`: it keeps the guest for its node, which was shut down in good order or restarts its HA services.
 * - `given up`: it has tried, and does nothing any more until somebody disables the service.
 * - `resting`: the guest is as it is to be, and its node is there.
 */
export type HaWork = "working" | "waiting" | "given up" | "resting";

/** States in which a service stays as it is. */
const resting = new Set(["started", "stopped"]);

/** Services that HA has been told to keep its hands off. */
const released = new Set(["ignored", "disabled"]);

/**
 * @param state as `/cluster/resources` tells it; undefined: HA does not manage the guest
 * @param isOffline the guest's node does not answer
 * @param wanted what the service is to be; a disabled one is told as `stopped`
 * @returns undefined where HA does nothing about the guest
 */
export function haWork(state: string | undefined, isOffline: boolean, wanted?: string): HaWork | undefined {
  if (state === undefined || released.has(state) || released.has(wanted ?? "")) return undefined;
  if (state === "error") return "given up";
  if (state === "freeze") return "waiting";
  return resting.has(state) && !isOffline ? "resting" : "working";
}
