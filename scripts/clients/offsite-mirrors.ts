import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import { listFile, type MirrorList, type MirroredContent, parseList, timeOf } from "../../site/mirrors/listing";
import { type ListedVersion, sumsFile, type WholeCopy, wholeCopies } from "../../site/offsite/copied-files";
import type { S3Versions } from "./object-store/s3-versions";
import { provenBytes } from "./object-store/proven-bytes";
import { damagedCopy, firstVersion, readFirst, throughFrom } from "./offsite-copies";

/** A bucket as it was at one time, by the name of its list. */
export interface FoundList extends WholeCopy {
  /** Milliseconds since 1970, by the clock of who made it. */
  readonly time: number;
}

/** A mirrored bucket as it lies elsewhere: nothing but the bucket elsewhere and a key that reads is asked. */
export class OffsiteMirror {
  /** @param folder of the mirror, without a slash at its end */
  constructor(
    private readonly store: Pick<S3Versions, "versions" | "read" | "open" | "lockedUntil" | "place">,
    readonly folder: string,
  ) {}

  get place(): string {
    return this.store.place;
  }

  /** Whole lists, the newest first. That there is none is an answer. @throws StoreError where nobody could look */
  async lists(): Promise<FoundList[]> {
    const folder = `${this.folder}/lists`;
    return wholeCopies(folder, await this.store.versions(`${folder}/`))
      .flatMap((copy): FoundList[] => {
        const time = timeOf(copy.name);
        return time === undefined || !copy.files.has(listFile) ? [] : [{ ...copy, time }];
      })
      .sort((a, b) => b.time - a.time);
  }

  /** @throws CommandError (1) for a damaged one, StoreError */
  async read(list: FoundList): Promise<MirrorList> {
    const sums = (await readFirst(this.store, list, sumsFile)).toString("utf8");
    const packed = await readFirst(this.store, list, listFile);
    const damaged = () => damagedCopy(`the list ${list.name} is not what was written (${this.store.place})`);
    if (sums !== sumsOf(packed)) throw damaged();
    const parsed = parseList(gunzipSync(packed, { maxOutputLength: unpackedAtMost }).toString("utf8"));
    if (parsed === undefined) throw damaged();
    return parsed;
  }

  /** Every version of a series' contents, by the object's name as lists have it. @throws StoreError */
  async contents(series: string): Promise<Map<string, ListedVersion[]>> {
    const found = new Map<string, ListedVersion[]>();
    for (const version of await this.store.versions(`${this.folder}/objects/${series}/`)) {
      if (version.deleteMarker) continue;
      const name = version.key.slice(this.folder.length + 1);
      found.set(name, [...(found.get(name) ?? []), version]);
    }
    return found;
  }

  /**
   * The bytes of a version. They end with an error where they are not those that its list tells.
   *
   * @param versions of its object, as {@link contents} has found them
   * @throws CommandError (1) where it is missing, or nobody can tell, StoreError
   */
  async open({ object, sha256, bytes }: MirroredContent, versions: readonly ListedVersion[]): Promise<Readable> {
    const copy = { name: this.folder, files: new Map([[object, versions]]) };
    const { key, versionId } = await firstVersion(this.store, copy, object);
    const proven = provenBytes({ sha256, bytes }, () => damagedCopy(`${object} is not what its list tells`));
    return throughFrom(await this.store.open(key, versionId), proven, this.store.place);
  }
}

/** Of a list of some millions of versions. */
const unpackedAtMost = 2 ** 30;

/** The file that makes a list whole. */
export function sumsOf(packed: Buffer): string {
  return `${createHash("sha256").update(packed).digest("hex")}  ${listFile}\n`;
}
