import { createHash } from "node:crypto";
import type { ObjectStore } from "../../../clients/object-store/object-store";
import { unpack } from "../../../clients/unpack";
import type { CommandContext } from "../../../project/context";
import type { LoadedEnvironment } from "../../../project/environment";
import { openStateBackend } from "../../../project/state-backend";
import { rootStore } from "./root-store";
import { type Checkpoint, parseCheckpoint } from "../../../../site/state/checkpoint";
import type { ObjectRef } from "../../../../site/state/restore-points";
import { type Compression, compressionOf, type StackPlace } from "../../../../site/state/state-keys";

/** The state of one stack, and the way to it. */
export interface StateAccess {
  readonly place: StackPlace;
  readonly store: ObjectStore;
  /** The same by the key of whoever runs the store, where the settings hold it. */
  readonly root?: () => Promise<ObjectStore | undefined>;
}

/** A state as it was read. */
export interface ReadState {
  /** As it lies in the store: what is restored is this, byte by byte. */
  readonly content: Buffer;
  readonly sha256: string;
  readonly compression: Compression;
  readonly checkpoint: Checkpoint;
}

/** @throws CommandError (2, 12) */
export async function openStateAccess(
  environment: LoadedEnvironment,
  context: Pick<CommandContext, "site" | "io" | "signal">,
): Promise<StateAccess> {
  const { backend, store } = await openStateBackend(environment, context.io.environment, { signal: context.signal });
  const place = { project: environment.project.name, stack: environment.name };
  return backend.origin === "state store"
    ? { place, store, root: () => rootStore(environment, context) }
    : { place, store };
}

/** @throws NoSuchObject, Damaged, UnreadableCheckpoint, StoreError */
export async function readState({ store }: StateAccess, { key, versionId }: ObjectRef): Promise<ReadState> {
  const content = await store.read(key, versionId);
  const checkpoint = parseCheckpoint(await unpack(content));
  return { content, sha256: sha256Of(content), compression: compressionOf(content), checkpoint };
}

export function sha256Of(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}
