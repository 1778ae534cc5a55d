import type { MirrorList, MirroredContent, MirroredVersion } from "./listing";

/** A version that comes back, or the mark that hides the one before it. */
export interface RestoredVersion {
  readonly key: string;
  /** Undefined: a mark. */
  readonly content?: MirroredContent | undefined;
  /** What is there has to be another one, or nothing; `nothing`: there is none by that name. */
  readonly over: "nothing" | "other";
}

/** What a restore of a bucket does. */
export interface BucketPlan {
  /** By key, and of one key the oldest first. */
  readonly versions: readonly RestoredVersion[];
  /** Every version comes back, since there is none; else what a read got. */
  readonly whole: boolean;
  /** Keys that have what they should have. */
  readonly same: number;
  /** Keys of the bucket that the list does not have: they stay. */
  readonly others: number;
  /** Keys that the mirror does not have, since nobody could read them. */
  readonly unread: readonly { readonly key: string; readonly why: string }[];
}

/** What a read of the target gets. */
interface PresentObject {
  readonly key: string;
  readonly size: number;
  readonly etag?: string | undefined;
}

/**
 * What has to be written so that a read gets what it got when the list was made. Nothing is taken away: what the list does not have
 * stays. A bucket without any version gets the whole history.
 *
 * @param present what a read gets now
 * @param isEmpty no version of anything is there, and the bucket keeps versions
 */
export function planRestore(list: MirrorList, present: readonly PresentObject[], isEmpty: boolean): BucketPlan {
  const now = new Map(present.map((object) => [object.key, object]));
  const latest = list.versions.filter(({ latest: isLatest }) => isLatest);
  const wanted = latest.flatMap(({ key, content }) => (content === undefined ? [] : [{ key, content }]));
  const unread = (isEmpty ? list.versions : latest).flatMap(({ key, unread: why }) =>
    why === undefined ? [] : [{ key, why }],
  );
  const keys = new Set(list.versions.map(({ key }) => key));
  const others = present.filter(({ key }) => !keys.has(key)).length;
  if (isEmpty) return { versions: historyOf(list.versions), whole: true, same: 0, others, unread };
  const versions = wanted.flatMap(({ key, content }): RestoredVersion[] => {
    const there = now.get(key);
    if (there === undefined) return [{ key, content, over: "nothing" }];
    return isSame(there, content) ? [] : [{ key, content, over: "other" }];
  });
  return { versions, whole: false, same: wanted.length - versions.length, others, unread };
}

/** Whether a read gives these bytes, by what the service tells: an object that was sent in parts tells no sum, and is another. */
export function isSame({ size, etag }: Pick<PresentObject, "size" | "etag">, { bytes, md5 }: MirroredContent): boolean {
  return size === bytes && etag?.replaceAll('"', "") === Buffer.from(md5, "base64").toString("hex");
}

/** Lists have the newest of a key first. */
function historyOf(versions: readonly MirroredVersion[]): RestoredVersion[] {
  return versions.toReversed().flatMap(({ key, content, unread }): RestoredVersion[] => {
    return unread === undefined ? [{ key, content, over: "nothing" }] : [];
  });
}
