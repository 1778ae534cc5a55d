import { backendOf } from "../../project/backend";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment, Site } from "../../project/site";
import { isReadable, openStateBackend } from "../../project/state-backend";
import { StoreError } from "../../clients/object-store/object-store";
import { stateOf } from "../../recovery/engine/session";
import { PointsCache } from "../../recovery/steps/state/points-cache";
import { listPoints, readPoints } from "../../recovery/steps/state/read-points";
import { CommandError } from "../../terminal/command-error";
import { inspectState, type StateStatus } from "../status/state-status";

/** So many restore points are read, the newest; of further ones only their number is known. */
const readAtMost = 100;

/** The state of an environment's stack, and the states that it can go back to. */
export interface StateLook {
  readonly status: StateStatus;
  /** Undefined where they could not be listed. */
  readonly points: PointCounts | undefined;
  /** Whether the copy in the second S3 service can be asked for at all, should that answer. */
  readonly hasOffsiteKey: boolean;
}

export interface PointCounts {
  /** Earlier states; the present one is none. */
  readonly count: number;
  /** Of the newest 100 of them. */
  readonly unreadable: number;
}

/** Undefined where nobody can look: there is no key to it here, or only Pulumi reads such a place. */
export async function lookAtState(
  environment: LoadedEnvironment,
  site: Site,
  context: CommandContext,
): Promise<StateLook | undefined> {
  const { origin, url } = backendOf(environment, context.io.environment);
  if (!isReadable(url) || (origin === "state store" && !(await hasKey(environment)))) return undefined;
  const status = await inspectState(environment, site, context);
  if (status === undefined) return undefined;
  const points = status.trouble === undefined ? await countPoints(environment, context) : undefined;
  return { status, points, hasOffsiteKey: await hasOffsiteKey(environment, site) };
}

function hasKey(environment: LoadedEnvironment): Promise<boolean> {
  return isGiven(() => environment.stateKey());
}

/** It is a secret of the environment whose stack makes the store. */
async function hasOffsiteKey(environment: LoadedEnvironment, site: Site): Promise<boolean> {
  const store = environment.stateStore();
  return store !== undefined && isGiven(() => site.environment(store.environment.name).secret("stateStoreOffsiteKey"));
}

/** A key that only a passphrase would open is none here. */
async function isGiven(read: () => Promise<unknown>): Promise<boolean> {
  try {
    return (await read()) !== undefined;
  } catch (error) {
    if (error instanceof CommandError) return false;
    throw error;
  }
}

/** What was read of a point before is remembered in the state folder: only new ones are read. */
async function countPoints(environment: LoadedEnvironment, context: CommandContext): Promise<PointCounts | undefined> {
  const { signal, io } = context;
  try {
    const { store } = await openStateBackend(environment, io.environment, { attempts: 1, signal });
    const access = { place: { project: environment.project.name, stack: environment.name }, store };
    const listed = await listPoints(access, false);
    const cache = new PointsCache(stateOf(environment, context).path, access);
    const { points } = await readPoints(access, listed, cache, { wanted: readAtMost });
    return {
      count: listed.candidates.filter(({ source }) => source !== "present").length,
      unreadable: points.filter(({ source, status }) => source !== "present" && status === "damaged").length,
    };
  } catch (error) {
    if (error instanceof StoreError || error instanceof CommandError) return undefined;
    throw error;
  }
}
