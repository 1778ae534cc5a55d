import { gzipSync } from "node:zlib";
import { formatList, listFile, type MirroredVersion, type MirrorList, timeName } from "../../../site/mirrors/listing";
import { planMirror, type PlannedVersion, type SeenVersion } from "../../../site/mirrors/plan-mirror";
import { sumsFile } from "../../../site/offsite/copied-files";
import { ConditionFailed } from "../../clients/object-store/object-store";
import { bytesAtMost } from "../../clients/offsite-copies";
import { sumsOf } from "../../clients/offsite-mirrors";
import { runBounded } from "../../machine/bounded";
import { keepsVersions, type OpenMirror } from "../../project/mirrored-buckets";
import { CommandError } from "../../terminal/command-error";
import { copiedSince } from "../../terminal/copied";
import { exitCodes } from "../../terminal/exit-codes";
import { counted } from "../../terminal/text";
import { putWhole, type Sent, sendVersion } from "./send-version";

/** What one run has done. */
export interface Mirrored {
  /** Name of the list that tells what was there. */
  readonly list: string;
  readonly versioned: boolean;
  /** Objects that a read gets, and all versions of all of them, marks included. */
  readonly objects: number;
  readonly versions: number;
  /** What was sent by this run. */
  readonly sent: { readonly versions: number; readonly bytes: number };
  /** What is not in the mirror, and why. */
  readonly unread: readonly { readonly key: string; readonly versionId: string; readonly why: string }[];
}

/** Versions that are on their way at the same time. */
const atOnce = 8;

/**
 * Sends what of a bucket does not lie elsewhere yet, then a list of all that was there. The list is written last and names nothing that
 * was not read back or compared by the service: a run that ends before leaves the lists that are there, and what it has sent.
 *
 * @throws StoreError where one of both cannot be used, CommandError
 */
export async function mirrorBucket(
  mirror: OpenMirror,
  { now, signal, progress }: { readonly now: number; readonly signal: AbortSignal; progress(text: string): void },
): Promise<Mirrored> {
  const { source, far } = mirror;
  const isVersioned = await keepsVersions(source);
  const seen = await seenIn(source.listing, isVersioned);
  const [newest] = await far.lists();
  const last = newest === undefined ? undefined : await far.read(newest);
  if (seen.length === 0 && newest !== undefined && last !== undefined)
    requireNoneBefore(source.place, newest.name, last);
  const present = last === undefined ? new Map<string, unknown>() : await far.contents(last.series);
  const { series, versions } = planMirror(seen, last, new Set(present.keys()), now);
  const missing = versions.filter(({ seen: { deleteMarker }, content }) => !deleteMarker && content === undefined);
  const total = missing.reduce((sum, { seen: { size } }) => sum + size, 0);
  const sent = { versions: 0, bytes: 0 };
  const tell = copiedSince(total, progress);
  const done = new Map<PlannedVersion, Sent>();
  const bounds = { parallel: atOnce, perKey: atOnce, keyOf: () => "" };
  await runBounded(missing, bounds, async (version) => {
    signal.throwIfAborted();
    const outcome = await sendVersion(version, mirror, signal);
    done.set(version, outcome);
    if (outcome === "gone" || !("content" in outcome)) return;
    sent.versions += 1;
    sent.bytes += outcome.content.bytes;
    tell(sent.bytes);
  });
  const listed = versions.flatMap((version) => entryOf(version, done));
  const text = formatList({ bucket: source.place, versioned: isVersioned, series, versions: listed });
  const list = await writeList(mirror, text, now);
  const unread = listed.flatMap(({ key, versionId, unread: why }) =>
    why === undefined ? [] : [{ key, versionId, why }],
  );
  const objects = listed.filter(({ latest, content }) => latest && content !== undefined).length;
  return { list, versioned: isVersioned, objects, versions: listed.length, sent, unread };
}

/**
 * A list of nothing would be the newest, by which a lost bucket is restored. That everything went, all versions too, is what a loss
 * looks like, or a wrong answer. @throws CommandError (13)
 */
function requireNoneBefore(place: string, name: string, { versions }: MirrorList): void {
  const before = versions.filter(({ content }) => content !== undefined).length;
  if (before === 0) return;
  throw new CommandError(
    `the bucket shows nothing at all, and had ${counted(before, "version")} in its last list, ${name} (${place}); that list stays the newest`,
    {
      exitCode: exitCodes.refused,
      hint: "if it was lost: lifeboat restore bucket; if it was emptied on purpose, it is mirrored again once it has an object",
    },
  );
}

async function seenIn(listing: OpenMirror["source"]["listing"], isVersioned: boolean): Promise<SeenVersion[]> {
  if (isVersioned) return listing.versions("");
  const objects = await listing.list("");
  return objects.map((object) => ({ ...object, versionId: "null", latest: true, deleteMarker: false }));
}

/** One that went while the others were read is in no list: the bucket has no such version any more. */
function entryOf(planned: PlannedVersion, sent: ReadonlyMap<PlannedVersion, Sent>): MirroredVersion[] {
  const { key, versionId, modified, latest, deleteMarker } = planned.seen;
  const base = { key, versionId, modified, latest };
  if (deleteMarker) return [base];
  const outcome = planned.content === undefined ? sent.get(planned) : { content: planned.content };
  return outcome === undefined || outcome === "gone" ? [] : [{ ...base, ...outcome }];
}

/** @returns its name @throws CommandError (1, 11), StoreError */
async function writeList({ far, writer, folder }: OpenMirror, text: string, now: number): Promise<string> {
  const name = timeName(now);
  const packed = gzipSync(text);
  if (packed.length > bytesAtMost) {
    throw new CommandError("the bucket has more versions than a list holds", {
      exitCode: exitCodes.failed,
      hint: "let old versions expire there, or divide it",
    });
  }
  try {
    await putWhole(writer, `${folder}/lists/${name}/${listFile}`, packed);
    await putWhole(writer, `${folder}/lists/${name}/${sumsFile}`, Buffer.from(sumsOf(packed)));
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    throw new CommandError("another run has written its list in the same second", { exitCode: exitCodes.locked });
  }
  // It counts when the key of a restore reads it.
  const found = (await far.lists()).find((list) => list.name === name);
  if (found === undefined) {
    throw new CommandError(`the list ${name} was written, and is not found again (${far.place})`, {
      exitCode: exitCodes.failed,
    });
  }
  await far.read(found);
  return name;
}
