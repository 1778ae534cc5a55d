import { createHash } from "node:crypto";
import { parseJson, isRecord, isText, isCount } from "../data/json";

/** One version of an object in a bucket, or the mark that it was deleted, as a mirror keeps it. */
export interface MirroredVersion {
  readonly key: string;
  /** As the bucket names it; `null` where it keeps no versions. */
  readonly versionId: string;
  /** Milliseconds since 1970, by the bucket's clock. */
  readonly modified: number;
  /** What a read without an id got when the mirror was made; of a mark: that there was nothing. */
  readonly latest: boolean;
  /** Absent: the mark of a deletion, or what could not be read. */
  readonly content?: MirroredContent;
  /** Why it is not in the mirror, as half a sentence. */
  readonly unread?: string;
}

/** A version's bytes, and how the bucket gives them to people. */
export interface MirroredContent {
  readonly bytes: number;
  readonly sha256: string;
  /** In base64, as a service compares it. */
  readonly md5: string;
  /** `content-type` and the like, and the object's own notes with `x-amz-meta-` before them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Name of the object elsewhere, below the mirror's folder. */
  readonly object: string;
}

/** What a bucket held at one time. */
export interface MirrorList {
  /** `s3://shop-uploads at https://192.0.2.132:9000` */
  readonly bucket: string;
  /** Whether the bucket kept versions: else what was replaced between two runs is lost. */
  readonly versioned: boolean;
  /** The mirror's folder of contents: {@link seriesName}. */
  readonly series: string;
  /** By key; of one key the newest first. */
  readonly versions: readonly MirroredVersion[];
}

/** Name of the file with the list, compressed. */
export const listFile = "list.jsonl.gz";

/** How a point in time is written in a name: `2026-11-23-041500Z`. @param time milliseconds since 1970 */
export function timeName(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", "-").replaceAll(":", "")}Z`;
}

/** The point in time of a name, milliseconds since 1970; undefined for a name that has none. */
export function timeOf(name: string): number | undefined {
  const [, day, hour, minute, second] = /^(\d{4}-\d\d-\d\d)-(\d\d)(\d\d)(\d\d)Z$/u.exec(name) ?? [];
  const time = Date.parse(`${day ?? ""}T${hour ?? ""}:${minute ?? ""}:${second ?? ""}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/**
 * Name of a version's content elsewhere, below the mirror's folder. It never holds the key: that may be a kilobyte long, and two that
 * differ in a sign which a service folds would be one.
 */
export function objectName(
  series: string,
  {
    key,
    versionId,
    modified,
    etag = "",
  }: Pick<MirroredVersion, "key" | "versionId" | "modified"> & { etag?: string | undefined },
): string {
  const parts = JSON.stringify([key, versionId, modified, etag]);
  return `objects/${series}/${createHash("sha256").update(parts).digest("hex")}`;
}

/** The text of a list: a line of what it is, then one for each version. */
export function formatList({ bucket, versioned, series, versions }: MirrorList): string {
  const head = { version: 1, bucket, versioned, series, count: versions.length };
  return [head, ...versions].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** @returns undefined for a text that is no whole list of this version: what is missing at its end would be taken for deleted */
export function parseList(text: string): MirrorList | undefined {
  const [first = "", ...rest] = text.split("\n");
  const head = parseJson(first);
  if (!isRecord(head) || head["version"] !== 1 || rest.pop() !== "") return undefined;
  const { bucket, versioned, series, count } = head;
  if (!isText(bucket) || typeof versioned !== "boolean" || !isText(series) || count !== rest.length) return undefined;
  const versions = rest.map((line) => parseVersion(parseJson(line)));
  if (!versions.every((version) => version !== undefined)) return undefined;
  return { bucket, versioned, series, versions };
}

function parseVersion(raw: unknown): MirroredVersion | undefined {
  if (!isRecord(raw)) return undefined;
  const { key, versionId, modified, latest, content, unread } = raw;
  if (!isText(key) || key === "" || !isText(versionId) || !isCount(modified) || typeof latest !== "boolean") {
    return undefined;
  }
  const base = { key, versionId, modified, latest };
  if (isText(unread)) return { ...base, unread };
  if (content === undefined) return base;
  const parsed = parseContent(content);
  return parsed && { ...base, content: parsed };
}

function parseContent(raw: unknown): MirroredContent | undefined {
  if (!isRecord(raw)) return undefined;
  const { bytes, sha256, md5, headers, object } = raw;
  if (!isCount(bytes) || !isText(sha256) || !/^[0-9a-f]{64}$/u.test(sha256) || !isText(md5)) return undefined;
  // A name that leads elsewhere is none.
  if (!isText(object) || !/^objects\/[\dZ-]+\/[0-9a-f]{64}$/u.test(object) || !isRecord(headers)) return undefined;
  const texts = Object.entries(headers).filter((entry): entry is [string, string] => isText(entry[1]));
  return { bytes, sha256, md5, headers: Object.fromEntries(texts), object };
}
