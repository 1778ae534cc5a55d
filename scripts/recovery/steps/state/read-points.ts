import { parseHistoryEntry, type UpdateInfo } from "../../../../site/state/history-entry";
import { integrityProblems } from "../../../../site/state/integrity";
import {
  candidatesOf,
  hasOrdinaryPoints,
  type ObjectRef,
  type PointCandidate,
  type PointDetails,
  pointOf,
  type RestorePoint,
} from "../../../../site/state/restore-points";
import {
  backupPrefix,
  checkpointStem,
  historyPrefix,
  savedPrefix,
  type StackPlace,
} from "../../../../site/state/state-keys";
import { type Checkpoint, UnreadableCheckpoint } from "../../../../site/state/checkpoint";
import { foreignText, foreignVariable } from "../../../../site/state/foreign-parts";
import { NoSuchObject, type ObjectVersion, UnreadableObject } from "../../../clients/object-store/object-store";
import { ProgramMissing } from "../../../clients/run-program";
import { Damaged, unpack } from "../../../clients/unpack";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { runBounded } from "../../../machine/bounded";
import { digestOf } from "../../engine/digest";
import { foreignIn, type OwnPartsContext } from "./own-parts";
import type { PointsCache } from "./points-cache";
import { presentObject } from "./present-object";
import { readState, type StateAccess } from "./state-access";

/** Objects that are read at once. */
const readsAtOnce = 8;

/** The restore points of a stack by what a listing shows. */
export interface ListedPoints {
  /** Newest first, the present state before all others. */
  readonly candidates: readonly PointCandidate[];
  /** Old versions of objects are among them. */
  readonly withVersions: boolean;
  /** The store keeps versions at all. */
  readonly keepsVersions: boolean;
}

/**
 * Lists the restore points of a stack; reads none. Versions are looked for when they are asked for, and when nothing else
 * is there: after `pulumi stack rm` they are all that is left.
 */
export async function listPoints(access: StateAccess, wantVersions: boolean): Promise<ListedPoints> {
  const { place, store } = access;
  const keepsVersions = store.versions !== undefined;
  const listed = await listAll(prefixesOf(place), (prefix) => store.list(prefix));
  const isAlone = !hasOrdinaryPoints(place, listed);
  const present = await presentObject(access, listed);
  const live = present === undefined || listed.includes(present) ? listed : [...listed, present];
  const withVersions = (wantVersions || isAlone) && keepsVersions;
  const backups = wantVersions || isAlone ? await store.list(backupPrefix(place)) : [];
  const versions = withVersions ? await listAll(prefixesOf(place), (prefix) => versionsOf(access, prefix)) : undefined;
  const objects = { live: [...live, ...backups], ...(versions === undefined ? {} : { versions }) };
  return { candidates: candidatesOf(place, objects), withVersions, keepsVersions };
}

/** Where a stack's own objects are, but for the copies that Pulumi makes besides. */
function prefixesOf(place: StackPlace): string[] {
  return [`${checkpointStem(place)}.json`, historyPrefix(place), savedPrefix(place)];
}

async function listAll<Listed>(
  prefixes: readonly string[],
  list: (prefix: string) => Promise<Listed[]>,
): Promise<Listed[]> {
  return (await Promise.all(prefixes.map(list))).flat();
}

async function versionsOf({ store }: StateAccess, prefix: string): Promise<ObjectVersion[]> {
  return (await store.versions?.(prefix)) ?? [];
}

interface ReadOptions {
  /** How many at most; the newest. Then `more` tells whether others are there. */
  readonly wanted?: number;
  /** Is called with how many have been read. */
  readonly progress?: (count: number) => void;
  /** By what parts are looked for that the program never makes; left out: they are not. */
  readonly own?: OwnPartsContext;
}

/**
 * Reads restore points, or takes what was read of them before, and leaves out those whose state is that of a newer or
 * better known one already in the list.
 */
export async function readPoints(
  access: StateAccess,
  { candidates }: ListedPoints,
  cache: PointsCache,
  { own, wanted = Infinity, progress = () => undefined }: ReadOptions = {},
): Promise<{ points: RestorePoint[]; more: boolean }> {
  const points: RestorePoint[] = [];
  const seen = new Set<string>();
  let presentDigest: string | undefined;
  let read = 0;
  try {
    for (let first = 0; first < candidates.length && points.length <= wanted; first += readsAtOnce) {
      const some = candidates.slice(first, first + readsAtOnce);
      const details = await runBounded(some, bounds, (candidate) => detailsOf(access, candidate, cache, own));
      read += some.length;
      progress(read);
      some.forEach((candidate, index) => {
        const point = details[index] ?? {};
        if (candidate.source === "present") presentDigest = point.sha256;
        const isCopy = candidate.source === "backup" && point.sha256 !== undefined && seen.has(point.sha256);
        if (point.sha256 !== undefined) seen.add(point.sha256);
        if (!isCopy) points.push(pointOf(candidate, point, presentDigest));
      });
    }
  } finally {
    cache.save(candidates);
  }
  const all = withoutTwin(points);
  return { points: all.slice(0, wanted), more: read < candidates.length || all.length > wanted };
}

const bounds = { parallel: readsAtOnce, perKey: readsAtOnce, keyOf: () => "" };

/** The present state is told once: as the update that ended with it, where there is one. */
function withoutTwin(points: RestorePoint[]): RestorePoint[] {
  const twin = points.some(({ source, present, status }) => source === "history" && present && status !== "damaged");
  return twin ? points.filter(({ source }) => source !== "present") : points;
}

/** What reading a point tells. The passphrase is not needed for it. */
export async function detailsOf(
  access: StateAccess,
  candidate: PointCandidate,
  cache: PointsCache,
  own?: OwnPartsContext,
): Promise<PointDetails> {
  const by = own === undefined ? undefined : digestOf([own.addresses, own.variables[foreignVariable] ?? ""]);
  const known = cache.get(candidate);
  if (known !== undefined && (by === undefined || known.sha256 === undefined || known.foreign?.by === by)) return known;
  const { entry, state } = candidate;
  const update = entry === undefined ? undefined : await tryRead(() => readEntry(access, entry));
  const found = state === undefined ? undefined : await tryRead(() => stateDetails(access, state, own, by));
  const details = {
    ...(found === undefined ? { problem: "its checkpoint is not there" } : (found.value ?? { problem: found.problem })),
    ...(update?.value === undefined ? {} : { update: update.value }),
  };
  // What cannot be read now may be read another time.
  if (update?.isFinal !== false && found?.isFinal !== false) cache.set(candidate, details);
  return details;
}

/** What reading an object came to, or what is wrong with it. `isFinal`: it will not be another another time. */
type Reading<Value> =
  | { readonly value: Value; readonly isFinal: true }
  | { readonly value: undefined; readonly problem: string; readonly isFinal: boolean };

async function tryRead<Value>(read: () => Promise<Value>): Promise<Reading<Value>> {
  try {
    return { value: await read(), isFinal: true };
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw explained(error);
    return { value: undefined, problem, isFinal: !(error instanceof UnreadableObject) };
  }
}

async function stateDetails(
  access: StateAccess,
  state: ObjectRef,
  own: OwnPartsContext | undefined,
  by: string | undefined,
): Promise<PointDetails> {
  const { sha256, checkpoint } = await readState(access, state);
  const { resources, pending } = checkpoint;
  const [problem, ...others] = integrityProblems(checkpoint, access.place);
  const more = others.length === 0 ? "" : ` (and ${String(others.length)} more)`;
  return {
    sha256,
    resources: resources.length,
    managed: resources.filter(({ type }) => !type.startsWith("pulumi:")).length,
    pending,
    ...(problem === undefined ? {} : { problem: problem + more }),
    ...(own === undefined || by === undefined ? {} : { foreign: { text: foreignTextOf(own, checkpoint), by } }),
  };
}

function foreignTextOf(own: OwnPartsContext, checkpoint: Checkpoint): string | null {
  const parts = foreignIn(own, checkpoint);
  return parts.length === 0 ? null : foreignText(parts, "it");
}

async function readEntry({ store }: StateAccess, { key, versionId }: ObjectRef): Promise<UpdateInfo | undefined> {
  return parseHistoryEntry(await unpack(await store.read(key, versionId)));
}

/** What is wrong with one object; undefined where the object is not to blame. */
export function problemOf(error: unknown): string | undefined {
  if (error instanceof NoSuchObject) return "it is not there any more";
  if (error instanceof UnreadableObject) return error.reason;
  return error instanceof Damaged || error instanceof UnreadableCheckpoint ? error.message : undefined;
}

/** What the operator can do about a program that is missing here. */
export function explained(error: unknown): unknown {
  if (!(error instanceof ProgramMissing)) return error;
  return new CommandError(`a state is packed with ${error.program}, and ${error.message}`, {
    exitCode: exitCodes.failed,
    hint: `install it here (Debian: apt install ${error.program}), then the same command again`,
  });
}
