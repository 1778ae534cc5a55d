import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { MirroredContent } from "../../../site/mirrors/listing";
import type { PlannedVersion } from "../../../site/mirrors/plan-mirror";
import { ConditionFailed, NoSuchObject, StoreError } from "../../clients/object-store/object-store";
import { provenBytes } from "../../clients/object-store/proven-bytes";
import { largestContent, type PlacedContent, type S3Contents } from "../../clients/object-store/s3-contents";
import { knowsNoConditions } from "../../clients/object-store/s3-errors";
import { md5Of } from "../../clients/object-store/written-md5";
import { keepsVersions, type OpenMirror } from "../../project/mirrored-buckets";
import { CommandError } from "../../terminal/command-error";
import { formatBytes } from "../../terminal/durations";
import { exitCodes } from "../../terminal/exit-codes";

/** What became of a version. `gone`: the bucket had it when it was listed, and no more when it was read. */
export type Sent = { readonly content: MirroredContent } | { readonly unread: string } | "gone";

/**
 * Reads a version twice, once for its sums and once to send it: the service elsewhere keeps nothing whose sum is another. One object that
 * cannot be read is told and keeps no other from being sent.
 *
 * @throws StoreError where one of both services cannot be used at all
 */
export async function sendVersion(
  { seen, object }: PlannedVersion,
  { source, far, writer, folder }: OpenMirror,
  signal: AbortSignal,
): Promise<Sent> {
  if (seen.size > largestContent) {
    return { unread: `it is larger than ${formatBytes(largestContent)}, the most that one request writes` };
  }
  try {
    const first = await sumsOfVersion(source.contents, seen, signal);
    if (first.bytes !== seen.size) return { unread: "it changed while it was read" };
    const { writtenMd5, ...sums } = first;
    // Sent, it would lie there for good under the name of what was written.
    if (writtenMd5 !== undefined && writtenMd5 !== sums.md5) return { unread: notAsWritten };
    const { body, headers } = await source.contents.open(seen.key, seen.versionId);
    const content = { ...sums, headers, object };
    const proven = body.pipe(provenBytes(content, changed));
    body.once("error", (error) => proven.destroy(error));
    proven.once("close", () => body.destroy());
    await put(writer, `${folder}/${object}`, { ...content, body: proven }, async () => {
      proven.destroy();
      await compareThere(far, content);
    });
    return { content };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof NoSuchObject) return (await isListed(source, seen)) ? { unread: listedOnly } : "gone";
    if (error instanceof CommandError) return { unread: error.message };
    // Whether it is this object, or the service, tells another question.
    if (!(error instanceof StoreError) || error.place !== source.place) throw error;
    await keepsVersions(source);
    return { unread: error.message };
  }
}

const notAsWritten =
  "its bytes are not those that were written: their MD5 is not its ETag. Look at the disks of its server, and at what stands between";

const listedOnly = "the bucket lists it, and has no content of it: look at the disks of its server";

/** Only what is in no list any more has gone: a store that has lost a content says the same of it. @throws StoreError */
async function isListed(
  { listing }: OpenMirror["source"],
  { key, versionId }: PlannedVersion["seen"],
): Promise<boolean> {
  if (versionId === "null") return (await listing.list(key)).some((object) => object.key === key);
  return (await listing.versions(key)).some((version) => version.key === key && version.versionId === versionId);
}

/** A small file, whole or not at all, and never over another. @throws ConditionFailed, StoreError */
export async function putWhole(writer: S3Contents, key: string, content: Buffer): Promise<void> {
  const place = (onlyNew: boolean) =>
    writer.put(key, { body: Readable.from([content]), bytes: content.length, md5: md5Of(content), onlyNew });
  try {
    await place(true);
  } catch (error) {
    if (!(error instanceof StoreError) || !knowsNoConditions(error)) throw error;
    // The bucket keeps the first version all the same.
    await place(false);
  }
}

/** @param isThere done where something has that name already: an earlier run was cut off after it */
async function put(
  writer: S3Contents,
  key: string,
  content: PlacedContent,
  isThere: () => Promise<void>,
): Promise<void> {
  try {
    await writer.put(key, { ...content, headers: {}, onlyNew: true });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    await isThere();
  }
}

async function compareThere(far: OpenMirror["far"], content: MirroredContent): Promise<void> {
  const [, series = ""] = content.object.split("/");
  const versions = (await far.contents(series)).get(content.object) ?? [];
  const body = await far.open(content, versions);
  await pipeline(body, async function* drain(chunks) {
    for await (const chunk of chunks) void chunk;
    yield "";
  });
}

async function sumsOfVersion(
  contents: S3Contents,
  { key, versionId }: PlannedVersion["seen"],
  signal: AbortSignal,
): Promise<Omit<MirroredContent, "headers" | "object"> & { readonly writtenMd5: string | undefined }> {
  const { body, writtenMd5 } = await contents.open(key, versionId);
  const [sha256, md5] = [createHash("sha256"), createHash("md5")];
  let bytes = 0;
  const stop = (): void => void body.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of body) {
      sha256.update(chunk);
      md5.update(chunk);
      bytes += chunk.length;
    }
  } catch (error) {
    throw error instanceof StoreError
      ? error
      : new StoreError("failed", contents.place, `${key} cannot be read`, error);
  } finally {
    signal.removeEventListener("abort", stop);
  }
  return { bytes, sha256: sha256.digest("hex"), md5: md5.digest("base64"), writtenMd5 };
}

function changed(): CommandError {
  return new CommandError("it changed while it was read", { exitCode: exitCodes.failed });
}
