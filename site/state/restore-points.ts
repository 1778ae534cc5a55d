import { createHash } from "node:crypto";
import type { PendingOperation } from "./checkpoint";
import type { UpdateInfo } from "./history-entry";
import {
  backupKeys,
  checkpointKeys,
  type HistoryKey,
  millisecondsOf,
  parseBackupKey,
  parseHistoryKey,
  parseSavedKey,
  presentForm,
  type StackPlace,
} from "./state-keys";

/** An object, or one version of it. */
export interface ObjectRef {
  readonly key: string;
  readonly versionId?: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly etag?: string;
}

/** A version of an object as a bucket lists it. */
export interface VersionRef extends ObjectRef {
  readonly versionId: string;
  readonly latest: boolean;
  readonly deleteMarker: boolean;
}

/**
 * Where a restore point comes from (E1).
 *
 * - `present`: the checkpoint that Pulumi works with now.
 * - `history`: Pulumi's own entry for an update that ended.
 * - `saved`: Lifeboat kept it before it replaced it.
 * - `version`: an older or deleted version of an object in a bucket that keeps versions.
 * - `backup`: a copy that Pulumi made besides.
 */
export type PointSource = "present" | "history" | "saved" | "version" | "backup";

/** A restore point by what a listing shows: nothing of it was read. */
export interface PointCandidate {
  /** Stays the same as long as the point is there. */
  readonly id: string;
  readonly source: PointSource;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The state itself; absent where only a history entry is left of it. */
  readonly state?: ObjectRef;
  /** What Pulumi noted about the update. */
  readonly entry?: ObjectRef;
  /** For a saved one: id of the point that took its place. */
  readonly before?: string;
}

/** What reading told about a restore point. None of it can change: it may be kept. */
export interface PointDetails {
  readonly update?: UpdateInfo;
  /** Digest of the object as it lies in the store. */
  readonly sha256?: string;
  readonly resources?: number;
  /** Resources besides Pulumi's own, such as the stack itself and its providers. */
  readonly managed?: number;
  readonly pending?: readonly PendingOperation[];
  /** Why the state cannot be used at all. */
  readonly problem?: string;
  /** What of it the program never makes, in words; absent where nobody has looked. */
  readonly foreign?: {
    readonly text: string | null;
    /** Digest of the settings and consents by which it was looked at. */
    readonly by: string;
  };
}

/**
 * How good a state is.
 *
 * - `complete`: an update that succeeded ended with it, or somebody kept it.
 * - `failed`: an update that failed ended with it. It tells what was there then.
 * - `half-written`: something was under way, or no update ended with it: the real world may differ.
 * - `damaged`: it cannot be used.
 */
export type PointStatus = "complete" | "failed" | "half-written" | "damaged";

export interface RestorePoint extends PointCandidate, PointDetails {
  readonly status: PointStatus;
  /** Why it is not complete. */
  readonly why?: string;
  /** It is what Pulumi works with now. */
  readonly present: boolean;
}

/** What a listing of the place of a stack shows. */
export interface StateObjects {
  /** Everything live of the stack. */
  readonly live: readonly ObjectRef[];
  /** Every version of the same; absent where the store keeps none, or nobody asked. */
  readonly versions?: readonly VersionRef[];
}

/** The name of the present state on the command line. */
export const presentId = "present";

const idLength = 10;

/** Every restore point in a listing, newest first, the present state before all others. */
export function candidatesOf(place: StackPlace, { live, versions = [] }: StateObjects): PointCandidate[] {
  const history = historyCandidates(place, live, versions);
  const saved = savedCandidates(place, live, versions);
  const ended = new Set(history.flatMap(({ state }) => state?.etag ?? []));
  const present = presentForm(place, live);
  const others = [
    ...history,
    ...saved,
    ...backupCandidates(place, live, versions.length > 0 || (history.length === 0 && present === undefined)),
    ...versionCandidates(place, versions, ended),
  ];
  others.sort((a, b) => b.time - a.time);
  return present === undefined
    ? others
    : [{ id: presentId, source: "present", time: present.modified, state: present }, ...others];
}

/** Whether anything but the backups that Pulumi keeps besides is there without asking for versions. */
export function hasOrdinaryPoints(place: StackPlace, live: readonly ObjectRef[]): boolean {
  return candidatesOf(place, { live }).some(({ source }) => source !== "backup");
}

/** Adds to a candidate what reading told. @param presentDigest digest of the present state. */
export function pointOf(
  candidate: PointCandidate,
  details: PointDetails,
  presentDigest: string | undefined,
): RestorePoint {
  const [status, why] = statusOf(candidate, details);
  const present = candidate.source === "present" || (details.sha256 !== undefined && details.sha256 === presentDigest);
  return { ...candidate, ...details, status, ...(why === undefined ? {} : { why }), present };
}

function statusOf({ source, entry }: PointCandidate, details: PointDetails): [PointStatus, string | undefined] {
  const { problem, pending = [], update } = details;
  if (problem !== undefined) return ["damaged", problem];
  if (pending.length > 0) {
    return [
      "half-written",
      `${String(pending.length)} ${pending.length === 1 ? "operation was" : "operations were"} under way`,
    ];
  }
  if (source === "version" && entry === undefined) return ["half-written", "no update is known that ended with it"];
  if (update !== undefined && update.result !== "succeeded") {
    return ["failed", `the ${update.kind} ended as ${update.result === "" ? "unknown" : update.result}`];
  }
  return ["complete", undefined];
}

function historyCandidates(
  place: StackPlace,
  live: readonly ObjectRef[],
  versions: readonly VersionRef[],
): PointCandidate[] {
  const pairs = new Map<string, Partial<Record<HistoryKey["half"], ObjectRef>>>();
  for (const object of [...deletedAmong(versions), ...live]) {
    const parsed = parseHistoryKey(place, object.key);
    if (parsed === undefined) continue;
    const pair = pairs.get(parsed.nanos) ?? {};
    pair[parsed.half] = object;
    pairs.set(parsed.nanos, pair);
  }
  return [...pairs].map(([nanos, { history, checkpoint }]) => ({
    id: shortId(`history:${nanos}`),
    source: (checkpoint ?? history)?.versionId === undefined ? "history" : "version",
    time: millisecondsOf(nanos),
    ...(checkpoint === undefined ? {} : { state: checkpoint }),
    ...(history === undefined ? {} : { entry: history }),
  }));
}

function savedCandidates(
  place: StackPlace,
  live: readonly ObjectRef[],
  versions: readonly VersionRef[],
): PointCandidate[] {
  return [...live, ...deletedAmong(versions)].flatMap((object): PointCandidate[] => {
    const saved = parseSavedKey(place, object.key);
    if (saved === undefined) return [];
    return [{ id: savedId(object.key), source: "saved", time: saved.time, state: object, before: saved.before }];
  });
}

/** Id of a saved point, by its key: known before it is written. */
export function savedId(key: string): string {
  return shortId(`saved:${key}`);
}

function backupCandidates(place: StackPlace, live: readonly ObjectRef[], wanted: boolean): PointCandidate[] {
  if (!wanted) return [];
  const last = new Set(backupKeys(place));
  return live.flatMap((object): PointCandidate[] => {
    const nanos = parseBackupKey(place, object.key);
    if (nanos === undefined && !last.has(object.key)) return [];
    const time = nanos === undefined ? object.modified : millisecondsOf(nanos);
    const name = nanos === undefined ? `${object.key}:${String(object.modified)}` : object.key;
    return [{ id: shortId(`backup:${name}`), source: "backup", time, state: object }];
  });
}

/** Versions of the checkpoint itself that no history entry holds as well: states between two steps of an update. */
function versionCandidates(
  place: StackPlace,
  versions: readonly VersionRef[],
  ended: ReadonlySet<string>,
): PointCandidate[] {
  const keys = new Set(checkpointKeys(place));
  return versions
    .filter(({ key, deleteMarker, latest, etag }) => {
      return keys.has(key) && !deleteMarker && !latest && (etag === undefined || !ended.has(etag));
    })
    .map((version) => ({
      id: shortId(`version:${version.key}@${version.versionId}`),
      source: "version",
      time: version.modified,
      state: refOf(version),
    }));
}

/** The last content of objects that are deleted. */
function deletedAmong(versions: readonly VersionRef[]): ObjectRef[] {
  const deleted = new Set(versions.filter(({ latest, deleteMarker }) => latest && deleteMarker).map(({ key }) => key));
  const last = new Map<string, VersionRef>();
  for (const version of versions) {
    if (version.deleteMarker || !deleted.has(version.key)) continue;
    const known = last.get(version.key);
    if (known === undefined || version.modified > known.modified) last.set(version.key, version);
  }
  return [...last.values()].map(refOf);
}

function refOf({ key, versionId, size, modified, etag }: VersionRef): ObjectRef {
  return { key, versionId, size, modified, ...(etag === undefined ? {} : { etag }) };
}

function shortId(name: string): string {
  return createHash("sha256").update(name).digest("hex").slice(0, idLength);
}
