import { createHash } from "node:crypto";
import { type Readable, Transform } from "node:stream";
import { type DumpItem, type DumpManifest, parseManifest } from "../../site/data/manifest";
import { type CopiedDump, copiedDumps } from "../../site/offsite/copied-dumps";
import { type ListedVersion, sumsFile } from "../../site/offsite/copied-files";
import { runBounded } from "../machine/bounded";
import { CommandError } from "../terminal/command-error";
import { NoSuchObject, UnreadableObject } from "./object-store/object-store";
import type { S3Versions } from "./object-store/s3-versions";
import { damagedCopy, firstVersion, readFirst, throughFrom } from "./offsite-copies";

/** Copies of dumps as they were found. */
export interface ReadCopies {
  readonly whole: readonly { readonly dump: CopiedDump; readonly manifest: DumpManifest }[];
  /** Copies from which nothing can be restored, and why. */
  readonly damaged: readonly { readonly dump: CopiedDump; readonly why: string }[];
}

/** A file of a dump, by what its manifest says of it. */
type StoredItem = Pick<DumpItem, "file" | "bytes" | "sha256">;

/** Manifests that are read at the same time. */
const atOnce = 8;

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

  /** The same of one source, with what is in them. @throws StoreError where nobody could look */
  async readAll(source: string): Promise<ReadCopies> {
    const dumps = (await this.list()).filter((dump) => dump.source === source);
    const bounds = { parallel: atOnce, perKey: atOnce, keyOf: () => "" };
    const read = await runBounded(dumps, bounds, async (dump): Promise<ReadCopies> => {
      try {
        return { whole: [{ dump, manifest: await this.manifest(dump) }], damaged: [] };
      } catch (error) {
        return { whole: [], damaged: [{ dump, why: whyDamaged(error) }] };
      }
    });
    return { whole: read.flatMap(({ whole }) => whole), damaged: read.flatMap((one) => one.damaged) };
  }

  /** What is in a dump, if it is what its sums say. @throws CommandError (1) for a damaged one, StoreError */
  async manifest(dump: CopiedDump): Promise<DumpManifest> {
    const sums = (await readFirst(this.store, dump, sumsFile)).toString("utf8");
    const text = await readFirst(this.store, dump, "manifest.json");
    const sum = new RegExp(`^([0-9a-f]{64})  manifest\\.json$`, "mu").exec(sums)?.[1];
    if (createHash("sha256").update(text).digest("hex") !== sum) {
      throw damagedCopy(`the manifest of ${dump.name} is not what its sums say (${this.store.place})`);
    }
    const manifest = parseManifest(text.toString("utf8"));
    if (manifest?.name !== dump.name) {
      throw damagedCopy(`the manifest of ${dump.name} is none, or that of another dump (${this.store.place})`);
    }
    return manifest;
  }

  /** Looks whether every item is there in its size. What is in it is seen when it is read. @throws CommandError (1), StoreError */
  async requireItems(dump: CopiedDump, items: readonly Pick<DumpItem, "file" | "bytes">[]): Promise<void> {
    for (const { file, bytes } of items) {
      const { size } = await this.first(dump, file);
      if (size === bytes) continue;
      const found = `it has ${String(size)} bytes instead of ${String(bytes)}`;
      throw damagedCopy(`${file} of ${dump.name} is not what its manifest says: ${found} (${this.store.place})`);
    }
  }

  /**
   * Until when nobody can remove or replace any of it, milliseconds since 1970; undefined: something of it is not locked.
   *
   * @throws CommandError (1), StoreError
   */
  async lockedUntil(dump: CopiedDump): Promise<number | undefined> {
    const ends: number[] = [];
    for (const file of dump.files.keys()) {
      const { key, versionId } = await this.first(dump, file);
      const end = await this.store.lockedUntil(key, versionId);
      if (end === undefined) return undefined;
      ends.push(end);
    }
    return Math.min(...ends);
  }

  /**
   * The bytes of an item as they were stored. Nothing of them can be trusted before they have ended: a copy that is damaged ends
   * with an error.
   *
   * @throws CommandError (1), StoreError
   */
  async open(dump: CopiedDump, item: StoredItem): Promise<Readable> {
    const { key, versionId } = await this.first(dump, item.file);
    const stored = await this.store.open(key, versionId);
    const checked = checking(item, `${item.file} of ${dump.name} (${this.store.place})`);
    return throughFrom(stored, checked, this.store.place);
  }

  private first(dump: CopiedDump, file: string): Promise<ListedVersion> {
    return firstVersion(this.store, dump, file);
  }
}

/** Why a copy that lies there counts for nothing. @throws what says nothing of the copy, but of the service */
function whyDamaged(error: unknown): string {
  if (error instanceof CommandError || error instanceof UnreadableObject || error instanceof NoSuchObject) {
    return error.message;
  }
  throw error;
}

function checking({ bytes, sha256 }: StoredItem, what: string): Transform {
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
      done(isWhole ? null : damagedCopy(`${what} is not what its manifest says`));
    },
  });
}
