import { seriesLength } from "../settings/bucket";
import { type MirroredContent, type MirrorList, type MirroredVersion, objectName, timeName, timeOf } from "./listing";

/** A version of an object as the bucket lists it. */
export interface SeenVersion extends Pick<MirroredVersion, "key" | "versionId" | "modified" | "latest"> {
  readonly size: number;
  readonly etag?: string | undefined;
  readonly deleteMarker: boolean;
}

/** What a run has to do. */
export interface MirrorPlan {
  readonly series: string;
  /** In the order of the list; what lies elsewhere already has its content. */
  readonly versions: readonly PlannedVersion[];
}

/** A version and the name that its content has elsewhere. */
export interface PlannedVersion {
  readonly seen: SeenVersion;
  readonly object: string;
  /** Known from the run before. Undefined: it is read and sent, or it is a mark. */
  readonly content?: MirroredContent | undefined;
}

/**
 * What of a bucket is sent. A series begins anew where the last one is as old as it may be, or from the future: then nobody knows how
 * long its contents stay.
 *
 * @param last list that is whole
 * @param present names of the contents of its series that lie elsewhere
 * @param now milliseconds since 1970
 */
export function planMirror(
  seen: readonly SeenVersion[],
  last: MirrorList | undefined,
  present: ReadonlySet<string>,
  now: number,
): MirrorPlan {
  const series = last !== undefined && isOpen(last.series, now) ? last.series : timeName(now);
  const known = new Map<string, MirroredContent>();
  for (const { content } of last?.versions ?? []) if (content !== undefined) known.set(content.object, content);
  const versions = seen.map((version): PlannedVersion => {
    const object = objectName(series, version);
    const content = present.has(object) ? known.get(object) : undefined;
    return { seen: version, object, content: content?.bytes === version.size ? content : undefined };
  });
  return { series, versions };
}

function isOpen(series: string, now: number): boolean {
  const age = now - (timeOf(series) ?? Number.NaN);
  return age >= 0 && age < seriesLength * 1_000;
}
