import { mirrorOf } from "../../../site/offsite/places";
import type { Environment } from "../../../site/settings/environment";
import type { S3Versions } from "../../clients/object-store/s3-versions";
import { OffsiteMirror } from "../../clients/offsite-mirrors";

/** What lies elsewhere of a bucket of the site (J4). */
export interface MirrorStatus {
  bucket: string;
  /** Undefined: there is no whole list, and nothing to restore by. */
  newest: { list: string; time: number } | undefined;
  count: number;
  /** What somebody has done to lists since they were written. */
  doubts: string[];
}

/** Seconds that a mirror which is made once a day may be old: a day, and what a run may take. */
const longest = 26 * 3_600;

/** The lists of every bucket that is mirrored. @param latest unix seconds after which none can have been made yet @throws StoreError */
export function inspectMirrors(
  { name, buckets }: Pick<Environment, "name" | "buckets">,
  store: S3Versions,
  latest: number,
): Promise<MirrorStatus[]> {
  return Promise.all(
    buckets.map(async ({ name: bucket }) => {
      const lists = await new OffsiteMirror(store, mirrorOf(name, bucket)).lists();
      const first = lists.find(({ time }) => time / 1_000 <= latest);
      const doubts = lists.flatMap((list) => [
        ...list.doubts.map((doubt) => `${list.name}: ${doubt}`),
        ...(list.time / 1_000 > latest ? [`${list.name}: its name is of a time that is still to come`] : []),
      ]);
      return { bucket, newest: first && { list: first.name, time: first.time / 1_000 }, count: lists.length, doubts };
    }),
  );
}

/** What is wrong with mirrors, for people: nobody else says that their timer has stopped. @param now unix seconds */
export function mirrorProblems(environment: string, mirrors: readonly MirrorStatus[], now: number): string[] {
  return mirrors.flatMap(({ bucket, newest, doubts }) => {
    const again = `lifeboat backup bucket ${environment}/${bucket}, which a timer is to run once a day`;
    const age =
      newest === undefined
        ? [`the bucket ${bucket} is mirrored nowhere: ${again}`]
        : now - newest.time > longest
          ? [`the bucket ${bucket} was last mirrored at ${newest.list}: ${again}`]
          : [];
    return [
      ...age,
      ...doubts.map((doubt) => `somebody has changed what is mirrored of the bucket ${bucket}: ${doubt}`),
    ];
  });
}
