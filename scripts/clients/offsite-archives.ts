import { PassThrough, type Readable } from "node:stream";
import { type CopiedArchive, copiedArchives } from "../../site/offsite/copied-archives";
import { sumsFile } from "../../site/offsite/copied-files";
import type { S3Versions } from "./object-store/s3-versions";
import { damagedCopy, firstVersion, readFirst, throughFrom } from "./offsite-copies";

/** A file of a copied archive, as it was read on its node before it was sent. */
export interface CopiedFile {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** The archives of one guest as they lie in the bucket elsewhere: nothing but that bucket and a key that reads is asked. */
export class OffsiteArchives {
  /** @param folder of the guest's archives, without a slash at its end */
  constructor(
    private readonly store: Pick<S3Versions, "versions" | "read" | "open" | "lockedUntil" | "place">,
    private readonly folder: string,
  ) {}

  /** Whole archives, the newest first. That there is none is an answer. @throws StoreError where nobody could look */
  async list(timeZone: string): Promise<CopiedArchive[]> {
    return copiedArchives(this.folder, await this.store.versions(`${this.folder}/`), timeZone);
  }

  /** What belongs to an archive, itself last. @throws CommandError (1) for a damaged one, StoreError */
  async files(archive: CopiedArchive): Promise<CopiedFile[]> {
    const sums = (await readFirst(this.store, archive, sumsFile)).toString("utf8").trim().split("\n");
    const found: CopiedFile[] = [];
    for (const line of sums) {
      const [, sha256, file] = /^([0-9a-f]{64}) {2}([A-Za-z0-9._-]+)$/u.exec(line) ?? [];
      if (sha256 === undefined || file === undefined || !belongsTo(archive, file)) {
        throw damagedCopy(`the sums of ${archive.name} are none, or those of something else (${this.store.place})`);
      }
      const { size } = await firstVersion(this.store, archive, file);
      found.push({ file, sha256, bytes: size });
    }
    if (!found.some(({ file }) => file === archive.name)) {
      throw damagedCopy(`the sums of ${archive.name} do not tell its own (${this.store.place})`);
    }
    return found.sort((a, b) => Number(a.file === archive.name) - Number(b.file === archive.name));
  }

  /** Bytes of a file as they are stored. Whoever takes them compares their sum. @throws CommandError (1), StoreError */
  async open(archive: CopiedArchive, file: string): Promise<Readable> {
    const { key, versionId } = await firstVersion(this.store, archive, file);
    return throughFrom(await this.store.open(key, versionId), new PassThrough(), this.store.place);
  }
}

/** Its notes and its log lie beside it; a name that could lead elsewhere does not. */
function belongsTo({ name }: CopiedArchive, file: string): boolean {
  const base = name.replace(/\.(?:tgz|(?:tar|vma)(?:\.[a-z0-9]+)?)$/u, "");
  return [name, `${name}.notes`, `${base}.log`].includes(file);
}
