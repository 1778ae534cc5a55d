import type { Checkpoint } from "../../../site/state/checkpoint";
import type { KeyPair } from "../../../site/settings/environment";
import type { StackPlace } from "../../../site/state/state-keys";
import { ownAddresses } from "../../../site/state/own-addresses";
import { type ObjectStore, StoreError } from "../../clients/object-store/object-store";
import type { ReportedLock } from "../../clients/pulumi-cli/pulumi-output";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/environment";
import { openStateAt } from "../../project/state-backend";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { digestOf } from "../engine/digest";
import { type OwnPartsContext, requireOwnParts } from "../steps/state/own-parts";
import { type PresentState, readPresent } from "../steps/state/present-state";
import { type FoundLock, locksOf } from "../steps/state/pulumi-lock";
import { rootStore } from "../steps/state/root-store";
import { lostState, stateLost } from "../steps/state/lost-state";
import { listStack } from "../steps/state/stack-objects";

/** What a backend holds of a stack. */
export interface StackLook {
  /** The present state. Undefined: the backend says that it has no such stack. */
  readonly checkpoint: Checkpoint | undefined;
  readonly locks: readonly ReportedLock[];
  /** Digest of the object, with the time at which it was written: whoever puts it back has written it anew. */
  readonly written?: string;
  /** Why the environment itself cannot use the bucket yet, as half a sentence: it is not made, or does not know the key. */
  readonly closed?: string;
}

/** A look goes on soon: a store on the site answers at once, or not at all. */
const reach = { connectTimeout: 3_000, attempts: 2 };

/**
 * Reads what the backend of a URL holds of an environment's stack; undefined where Lifeboat cannot read such a backend. Only
 * the backend itself can say that there is none: where it refuses the environment's key, whoever runs the site's store is asked.
 *
 * @param key for a bucket, where the settings do not hold it yet.
 * @throws StoreError when the backend does not answer or refuses, CommandError (12), (13) for a state with
 *   parts that the program never makes, (14) for a state that is lost or cannot
 *   be used
 */
export async function lookAtStack(
  environment: LoadedEnvironment,
  url: string,
  context: CommandContext,
  key?: KeyPair,
): Promise<StackLook | undefined> {
  const { io, signal } = context;
  const options = { ...reach, signal, ...(key === undefined ? {} : { credentials: key }) };
  const store = await openStateAt(url, environment, io.environment, options);
  if (store === undefined) return undefined;
  const own = {
    place: { project: environment.project.name, stack: environment.name },
    addresses: ownAddresses(environment.settings),
    variables: io.environment,
  };
  try {
    return await lookIn(store, own);
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== "denied") throw error;
    const root = await rootStore(environment, context, reach);
    if (root === undefined || root.place !== store.place) throw error;
    return { ...(await lookIn(root, own)), closed: error.message };
  }
}

async function lookIn(store: ObjectStore, own: OwnPartsContext): Promise<StackLook> {
  const { place } = own;
  try {
    const access = { store, place };
    const found = await presentCheckpoint(store, place);
    const what = `the state of ${place.stack} in ${store.place}`;
    if (found !== undefined) requireOwnParts(own, found.checkpoint, what);
    const locks = (await locksOf(access)).map(reportedLock);
    return { checkpoint: found?.checkpoint, locks, ...(found && { written: writtenOf(found) }) };
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== "no-bucket") throw error;
    return { checkpoint: undefined, locks: [], closed: error.message };
  }
}

/** @throws CommandError (14) for a state that was there and is not, or that cannot be used */
async function presentCheckpoint(store: ObjectStore, place: StackPlace): Promise<PresentState | undefined> {
  const access = { store, place };
  const objects = await listStack(access);
  const found = objects.present && (await readPresent(access, objects.present));
  const lost = await lostState(access, objects);
  if (lost !== undefined) throw stateLost(place.stack, store.place, lost);
  if (found?.problem === undefined) return found;
  throw new CommandError(`the state of ${place.stack} in ${store.place} cannot be used: ${found.problem}`, {
    exitCode: exitCodes.unavailable,
    hint: `go back to an earlier one: lifeboat restore state ${place.stack} --list`,
  });
}

function writtenOf({ sha256, object }: PresentState): string {
  return digestOf({ sha256, key: object.key, modified: object.modified });
}

/** A lock that nobody can read locks nevertheless: whether its process has ended cannot be known. */
function reportedLock({ key, owner }: FoundLock): ReportedLock {
  if (owner === undefined)
    return { owner: "somebody", hostname: `another machine (${key})`, pid: 0, since: "some time" };
  const { username, hostname, pid, timestamp } = owner;
  return { owner: username, hostname, pid, since: timestamp };
}
