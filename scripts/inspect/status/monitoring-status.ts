import { monitoringCheck } from "../../../site/settings/monitoring-check";
import { typeOfGuest } from "../../../site/guest-types";
import { monitoringGuest } from "../../../site/monitoring/guest";
import type { OwnedGuest } from "../../../site/settings/environment";
import { lastLine } from "../../clients/guest-command";
import { GuestUnreachable } from "../../clients/guest-shell";
import { ProgramMissing } from "../../clients/run-program";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/environment";
import { stateOf } from "../../recovery/engine/session";
import { hostOf } from "../../recovery/steps/guest/save-point-plan";
import { commandIn } from "../../recovery/steps/guest/log-in";

/** Whether the site's monitoring watches, by its services themselves. */
export interface MonitoringStatus {
  guest: string;
  /** Undefined: nobody could look. */
  watches: boolean | undefined;
  /** Since when there are measurements, unix seconds; undefined: not known. */
  since: number | undefined;
  /** Why it does not watch, or why nobody could look. */
  trouble: string | undefined;
}

/** Milliseconds: status must not hang over a guest that does not answer. */
const patience = 30_000;

/** Undefined where the environment has none. Read only. @param seen what Proxmox says of the guests */
export async function inspectMonitoring(
  environment: LoadedEnvironment,
  seen: readonly { readonly id: number; readonly state: string }[],
  context: CommandContext,
): Promise<MonitoringStatus | undefined> {
  const guest = monitoringGuest(environment.settings);
  if (guest === undefined) return undefined;
  const state = seen.find(({ id }) => id === guest.id)?.state;
  const base = { guest: guest.name, since: undefined };
  if (state === "missing") return { ...base, watches: false, trouble: "its node has no such guest" };
  if (state === "stopped") return { ...base, watches: false, trouble: "its guest does not run" };
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(patience)]);
  try {
    const { code, printed } = await askIn(environment, guest, context, signal);
    if (code !== 0) return { ...base, watches: false, trouble: lastLine(printed) };
    const [, seconds] = /^watching since (\d+)$/mu.exec(printed) ?? [];
    return { ...base, watches: true, since: seconds === undefined ? undefined : Number(seconds), trouble: undefined };
  } catch (error) {
    context.signal.throwIfAborted();
    if (signal.aborted) return { ...base, watches: undefined, trouble: "its guest gives no answer in time" };
    if (!(error instanceof GuestUnreachable || error instanceof ProgramMissing)) throw error;
    return { ...base, watches: undefined, trouble: error.message };
  }
}

function askIn(environment: LoadedEnvironment, guest: OwnedGuest, context: CommandContext, signal: AbortSignal) {
  const { id: vmid, name, node } = guest;
  const target = { name, node, vmid, type: typeOfGuest(guest) ?? "lxc", host: hostOf(guest) };
  const session = { environment, state: stateOf(environment, context) };
  return commandIn(session, target, monitoringCheck, signal, { isNew: false });
}

/** Monitoring that does not watch says nothing itself: `status` is where one hears of it. */
export function monitoringProblems({ guest, watches, trouble = "" }: MonitoringStatus): string[] {
  if (watches === true) return [];
  return watches === false
    ? [`monitoring in ${guest} does not watch: ${trouble}; to bring it back: lifeboat rebuild monitoring`]
    : [`whether monitoring in ${guest} watches is not known: ${trouble}`];
}
