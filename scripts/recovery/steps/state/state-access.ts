import { createHash } from "node:crypto";
import type { ObjectStore } from "../../../clients/object-store/object-store";
import { unpack } from "../../../clients/unpack";
import type { LoadedEnvironment } from "../../../project/environment";
import { openStateBackend } from "../../../project/state-backend";
import { type Checkpoint, parseCheckpoint } from "../../../../site/state/checkpoint";
import type { ObjectRef } from "../../../../site/state/restore-points";
import { type Compression, compressionOf, type StackPlace } from "../../../../site/state/state-keys";

/** The state of one stack, and the way to it. */
export interface StateAccess {
  readonly place: StackPlace;
  readonly store: ObjectStore;
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
  variables: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<StateAccess> {
  const { store } = await openStateBackend(environment, variables, { signal });
  return { place: { project: environment.project.name, stack: environment.name }, store };
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
