import { type Checkpoint, parseCheckpoint } from "../../../site/state/checkpoint";
import type { KeyPair } from "../../../site/settings/environment";
import { checkpointKeys, checkpointStem, presentForm, type StackPlace } from "../../../site/state/state-keys";
import { type ObjectStore, StoreError } from "../../clients/object-store/object-store";
import type { ReportedLock } from "../../clients/pulumi-cli/pulumi-output";
import { unpack } from "../../clients/unpack";
import type { LoadedEnvironment } from "../../project/environment";
import { openStateAt } from "../../project/state-backend";
import { type FoundLock, locksOf } from "../steps/state/pulumi-lock";

type Variables = Readonly<Record<string, string | undefined>>;

/** What a backend holds of a stack. */
export interface StackLook {
  /** The present state. Undefined: the backend has no such stack. */
  readonly checkpoint: Checkpoint | undefined;
  readonly locks: readonly ReportedLock[];
  /** Why the bucket cannot be used yet, as half a sentence: the store does not know it, or not this key. */
  readonly closed?: string;
}

/** A look goes on soon: a store on the site answers at once, or not at all. */
const reach = { connectTimeout: 3_000, requestTimeout: 30_000, attempts: 2 };

/**
 * Reads what the backend of a URL holds of an environment's stack; undefined where Lifeboat cannot read such a backend.
 *
 * @param key for a bucket, where the settings do not hold it yet.
 * @throws StoreError when the backend does not answer, CommandError (12), UnreadableCheckpoint
 */
export async function lookAtStack(
  environment: LoadedEnvironment,
  url: string,
  variables: Variables,
  signal: AbortSignal,
  key?: KeyPair,
): Promise<StackLook | undefined> {
  const options = { ...reach, signal, ...(key === undefined ? {} : { credentials: key }) };
  const store = await openStateAt(url, environment, variables, options);
  if (store === undefined) return undefined;
  const place = { project: environment.project.name, stack: environment.name };
  try {
    return {
      checkpoint: await presentCheckpoint(store, place),
      locks: (await locksOf({ store, place })).map(reportedLock),
    };
  } catch (error) {
    const isClosed = error instanceof StoreError && (error.kind === "no-bucket" || error.kind === "denied");
    if (!isClosed) throw error;
    return { checkpoint: undefined, locks: [], closed: error.message };
  }
}

async function presentCheckpoint(store: ObjectStore, place: StackPlace): Promise<Checkpoint | undefined> {
  const keys = new Set(checkpointKeys(place));
  const listed = await store.list(`${checkpointStem(place)}.`);
  const present = presentForm(
    place,
    listed.filter(({ key }) => keys.has(key)),
  );
  return present && parseCheckpoint(await unpack(await store.read(present.key)));
}

/** A lock that nobody can read locks nevertheless, and is nobody's that has ended. */
function reportedLock({ key, owner }: FoundLock): ReportedLock {
  if (owner === undefined)
    return { owner: "somebody", hostname: `another machine (${key})`, pid: 0, since: "some time" };
  const { username, hostname, pid, timestamp } = owner;
  return { owner: username, hostname, pid, since: timestamp };
}
