import { type ProxmoxClient, readOnly } from "../../../../proxmox/api/client";
import { type Failure, failureOf } from "../../../clients/failure";
import type { LoadedEnvironment } from "../../../project/site";
import { LockedError, takeProcessLock } from "../../../machine/process-lock";
import { StateFolder } from "../../engine/state-folder";
import { halfDone, planRuns } from "./make-plan";
import type { BackupRun, EnvironmentRuns, LeftOutGuest } from "./plan";
import type { CommandContext } from "../../../project/context";

/** A command at work on all guests of an environment. */
export interface RunSession {
  readonly environment: LoadedEnvironment;
  /** Refuses everything but GET when the run is dry. */
  readonly client: ProxmoxClient;
  readonly state: StateFolder;
}

/** An environment whose node cannot be asked. */
export interface UnknownEnvironment {
  readonly environment: string;
  readonly failure: Failure;
}

/** @throws CommandError (2, 12) */
export async function openRunSession(
  environment: LoadedEnvironment,
  { io }: CommandContext,
  dryRun: boolean,
): Promise<RunSession> {
  const client = await environment.client();
  const site = { environment: environment.name, endpoint: environment.settings.proxmox.endpoint };
  return { environment, client: dryRun ? readOnly(client) : client, state: new StateFolder(site, io.environment) };
}

/** Plans each environment; one whose node does not answer does not keep the others from being backed up. */
export async function planAll(
  sessions: readonly RunSession[],
): Promise<{ plans: EnvironmentRuns[]; unknown: UnknownEnvironment[] }> {
  const looks = await Promise.all(sessions.map(planOrSay));
  return {
    plans: looks.flatMap((look) => ("failure" in look ? [] : [look])),
    unknown: looks.flatMap((look) => ("failure" in look ? [look] : [])),
  };
}

async function planOrSay({ environment, client, state }: RunSession): Promise<EnvironmentRuns | UnknownEnvironment> {
  try {
    const open = halfDone(state);
    return await planRuns(client, environment, (id) => open.get(id));
  } catch (error) {
    const failure = failureOf(error, `back up ${environment.name}`);
    if (failure.stack !== undefined) throw error;
    return { environment: environment.name, failure };
  }
}

/**
 * Keeps other runs on this machine away from the guests until the command has ended. Guests that one of those is at work
 * on are taken out of the plan.
 */
export function lockGuests(
  plan: EnvironmentRuns,
  { state }: RunSession,
  command: string,
  context: CommandContext,
): EnvironmentRuns {
  const leftOut: LeftOutGuest[] = [...plan.leftOut];
  const runs = plan.runs.map((run): BackupRun => {
    const guests = run.guests.filter((guest) => {
      const reason = tryLock(state.lockPath({ kind: "guest", id: guest.id }), command, context);
      if (reason !== undefined) leftOut.push({ guest, reason, wanted: false });
      return reason === undefined;
    });
    return { ...run, guests };
  });
  return { ...plan, runs: runs.filter(({ guests }) => guests.length > 0), leftOut };
}

function tryLock(path: string, command: string, context: CommandContext): string | undefined {
  try {
    context.defer(takeProcessLock(path, command));
    return undefined;
  } catch (error) {
    if (error instanceof LockedError) return error.message;
    throw error;
  }
}
