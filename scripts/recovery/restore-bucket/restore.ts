import { type BucketPlan, isSame, planRestore, type RestoredVersion } from "../../../site/mirrors/plan-restore";
import type { MirrorList } from "../../../site/mirrors/listing";
import type { ListedVersion } from "../../../site/offsite/copied-files";
import { MomentError, parseMoment } from "../../../site/restore/moments";
import { ConditionFailed } from "../../clients/object-store/object-store";
import type { FoundList, OffsiteMirror } from "../../clients/offsite-mirrors";
import { groupBy } from "../../machine/group-by";
import { runBounded } from "../../machine/bounded";
import { keepsVersions, type OpenBucket } from "../../project/mirrored-buckets";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";

/** A restore that was thought through, and has done nothing. */
export interface PlannedBucket {
  readonly list: FoundList;
  readonly mirrored: MirrorList;
  readonly plan: BucketPlan;
  readonly keepsVersions: boolean;
  /** Lists that are dated later than this machine's clock, and are not chosen by themselves. */
  readonly later: readonly string[];
}

/** Milliseconds that a list may be ahead of this machine's clock. */
const furthest = 86_400_000;

/**
 * What would come back, by the newest list or the newest that is not later. Reads both ends, and writes nothing.
 *
 * @param at a day (its end) or a time, in UTC; undefined: the newest
 * @throws CommandError (2, 10) where there is none, (1) for a damaged one, StoreError
 */
export async function planBucket(
  far: OffsiteMirror,
  target: OpenBucket,
  at: string | undefined,
): Promise<PlannedBucket> {
  const lists = await far.lists();
  const list = chooseList(lists, at, far.place);
  const mirrored = await far.read(list);
  const isVersioned = await keepsVersions(target);
  const present = await target.listing.list("");
  const isEmpty = isVersioned && present.length === 0 && (await target.listing.versions("")).length === 0;
  const later = lists.filter(({ time }) => time > latestOf(undefined)).map(({ name }) => name);
  return { list, mirrored, plan: planRestore(mirrored, present, isEmpty), keepsVersions: isVersioned, later };
}

function chooseList(lists: readonly FoundList[], at: string | undefined, place: string): FoundList {
  const latest = latestOf(at);
  const list = lists.find(({ time }) => time <= latest);
  if (list !== undefined) return list;
  const [newest] = lists;
  const why =
    newest === undefined
      ? `nothing of it lies in ${place}`
      : `its lists there are later: the oldest is ${lists.at(-1)?.name ?? newest.name}`;
  throw new CommandError(why, { exitCode: exitCodes.nothing, hint: "mirror it first: lifeboat backup bucket" });
}

/** Milliseconds since 1970 after which no list counts. */
function latestOf(at: string | undefined): number {
  return at === undefined ? Date.now() + furthest : momentOf(at) * 1_000 + 999;
}

function momentOf(at: string): number {
  try {
    return parseMoment(at, "UTC");
  } catch (error) {
    if (error instanceof MomentError) throw usageError(error.message);
    throw error;
  }
}

/** What became of a restore. */
export interface RestoredBucket {
  readonly versions: number;
  readonly bytes: number;
  /** What did not come back, and why; everything else was found in the bucket afterwards. */
  readonly failed: readonly { readonly key: string; readonly why: string }[];
}

const atOnce = 8;

/** Puts back what a plan says, and looks whether a read gets it. The same command again goes on where it was cut off. */
export async function restoreBucket(
  { mirrored, plan, keepsVersions: isVersioned }: PlannedBucket,
  far: OffsiteMirror,
  target: OpenBucket,
  { signal, onBytes }: { readonly signal: AbortSignal; onBytes(done: number): void },
): Promise<RestoredBucket> {
  const contents = await far.contents(mirrored.series);
  const failed = new Map<string, string>();
  const done = { versions: 0, bytes: 0 };
  const keys = [...groupBy(plan.versions, ({ key }) => key).values()];
  await runBounded(keys, { parallel: atOnce, perKey: atOnce, keyOf: () => "" }, async (versions) => {
    // Versions of one key come in their order.
    for (const version of versions) {
      signal.throwIfAborted();
      const why = await putBack(version, { far, contents, target, onlyNew: !isVersioned });
      if (why === undefined) {
        done.versions += 1;
        done.bytes += version.content?.bytes ?? 0;
        onBytes(done.bytes);
      } else failed.set(version.key, why);
    }
  });
  const present = new Map((await target.listing.list("")).map((object) => [object.key, object]));
  for (const { key, latest, content } of mirrored.versions) {
    const there = present.get(key);
    const isRight = content === undefined || (there !== undefined && isSame(there, content));
    if (latest && !isRight && !failed.has(key))
      failed.set(key, "a read does not get it now: somebody has written there");
  }
  return { ...done, failed: [...failed].map(([key, why]) => ({ key, why })) };
}

/** @returns why it did not come back @throws StoreError where the bucket cannot be used */
async function putBack(
  { key, content, over }: RestoredVersion,
  {
    far,
    contents,
    target,
    onlyNew,
  }: {
    readonly far: OffsiteMirror;
    readonly contents: ReadonlyMap<string, readonly ListedVersion[]>;
    readonly target: OpenBucket;
    /** The bucket keeps no versions: what somebody writes meanwhile would be lost. */
    readonly onlyNew: boolean;
  },
): Promise<string | undefined> {
  try {
    if (content === undefined) await target.contents.hide(key);
    else {
      const body = await far.open(content, contents.get(content.object) ?? []);
      await target.contents.put(key, { ...content, body, onlyNew: onlyNew && over === "nothing" });
    }
    return undefined;
  } catch (error) {
    if (error instanceof ConditionFailed) return "somebody has written it meanwhile";
    // What lies elsewhere is damaged: the others come back.
    if (error instanceof CommandError) return error.message;
    throw error;
  }
}
