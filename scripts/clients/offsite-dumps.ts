import { createHash } from "node:crypto";
import { type Readable, Transform } from "node:stream";
import { type DumpItem, type DumpManifest, parseManifest } from "../../site/data/manifest";
import { type CopiedDump, copiedDumps, type ListedVersion, sumsFile } from "../../site/offsite/copied-dumps";
import type { S3Versions } from "./object-store/s3-versions";

/** A copy that cannot be restored from: what is wrong with it, as a sentence. */
class DamagedCopy extends Error {
  override readonly name = "DamagedCopy";
}

/**
 * The dumps of one guest as they lie in the bucket elsewhere. Nothing but the bucket and a key that reads is asked: the guest, its
 * node and the site's own stores may be gone (J3).
 */
export class OffsiteDumps {
  /** @param folder of the guest's dumps, without a slash at its end */
  constructor(
    private readonly store: Pick<S3Versions, "versions" | "read" | "open" | "lockedUntil" | "place">,
    private readonly folder: string,
  ) {}

  /** Whole dumps by name. That there is none is an answer. @throws StoreError where nobody could look */
  async list(): Promise<CopiedDump[]> {
    return copiedDumps(this.folder, await this.store.versions(`${this.folder}/`));
  }

  /** What is in a dump, if it is what its sums say. @throws DamagedCopy, StoreError */
  async manifest(dump: CopiedDump): Promise<DumpManifest> {
    const sums = (await this.readFirst(dump, sumsFile)).toString("utf8");
    const text = await this.readFirst(dump, "manifest.json");
    const sum = new RegExp(`^([0-9a-f]{64})  manifest\\.json$`, "mu").exec(sums)?.[1];
    if (createHash("sha256").update(text).digest("hex") !== sum) {
      throw new DamagedCopy(`the manifest of ${dump.name} is not what its sums say (${this.store.place})`);
    }
    const manifest = parseManifest(text.toString("utf8"));
    if (manifest?.name !== dump.name) {
      throw new DamagedCopy(`the manifest of ${dump.name} is none, or that of another dump (${this.store.place})`);
    }
    return manifest;
  }

  /**
   * The bytes of an item as they were stored. Nothing of them can be trusted before they have ended: a copy that is damaged ends
   * with an error.
   *
   * @throws DamagedCopy, StoreError
   */
  async open(dump: CopiedDump, item: DumpItem): Promise<Readable> {
    const { key, versionId } = await this.first(dump, item.file);
    const stored = await this.store.open(key, versionId);
    const checked = checking(item, `${item.file} of ${dump.name} (${this.store.place})`);
    stored.once("error", (error) => checked.destroy(error));
    return stored.pipe(checked);
  }

  private async readFirst(dump: CopiedDump, file: string): Promise<Buffer> {
    const { key, versionId } = await this.first(dump, file);
    return this.store.read(key, versionId);
  }

  /**
   * The version that was written first. Of several, the one whose lock ends first: the server sets that by its own clock, where the
   * time of a version can be anybody's.
   */
  private async first(dump: CopiedDump, file: string): Promise<ListedVersion> {
    const versions = dump.files.get(file) ?? [];
    const [only, ...others] = versions;
    if (only === undefined) throw new DamagedCopy(`${dump.name} has no ${file} (${this.store.place})`);
    if (others.length === 0) return only;
    const ends = await Promise.all(
      versions.map(async (version) => ({ version, end: await this.store.lockedUntil(version.key, version.versionId) })),
    );
    const locked = ends.flatMap(({ version, end }) => (end === undefined ? [] : [{ version, end }]));
    const [first, second] = locked.sort((a, b) => a.end - b.end);
    // Written in one second, they cannot be told apart.
    if (first === undefined || locked.length < ends.length || first.end === second?.end) {
      throw new DamagedCopy(
        `${file} of ${dump.name} was written ${String(ends.length)} times, and nobody can say what was there first (${this.store.place})`,
      );
    }
    return first.version;
  }
}

function checking({ bytes, sha256 }: DumpItem, what: string): Transform {
  const hash = createHash("sha256");
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      seen += chunk.length;
      done(null, chunk);
    },
    flush(done) {
      const isWhole = seen === bytes && hash.digest("hex") === sha256;
      done(isWhole ? null : new DamagedCopy(`${what} is not what its manifest says`));
    },
  });
}
