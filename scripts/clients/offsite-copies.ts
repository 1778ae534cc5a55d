import type { Readable, Transform } from "node:stream";
import type { CopiedFiles, ListedVersion } from "../../site/offsite/copied-files";
import { CommandError } from "../terminal/command-error";
import { exitCodes } from "../terminal/exit-codes";
import { storeErrorOf } from "./object-store/s3-errors";
import type { S3Versions } from "./object-store/s3-versions";

/** A copy that cannot be restored from. @param why a sentence */
export function damagedCopy(why: string): CommandError {
  return new CommandError(why, { exitCode: exitCodes.failed });
}

/**
 * The version of a copy's file that was written first. Of several, the one whose lock ends first: the server sets that by its own
 * clock, where the time of a version can be anybody's.
 *
 * @throws CommandError (1) where it is missing, or nobody can tell, StoreError
 */
export async function firstVersion(
  store: Pick<S3Versions, "lockedUntil" | "place">,
  { name, files }: { readonly name: string; readonly files: CopiedFiles },
  file: string,
): Promise<ListedVersion> {
  const versions = files.get(file) ?? [];
  const [only, ...others] = versions;
  if (only === undefined) throw damagedCopy(`${name} has no ${file} (${store.place})`);
  if (others.length === 0) return only;
  const ends = await Promise.all(
    versions.map(async (version) => ({ version, end: await store.lockedUntil(version.key, version.versionId) })),
  );
  const locked = ends.flatMap(({ version, end }) => (end === undefined ? [] : [{ version, end }]));
  const [first, second] = locked.sort((a, b) => a.end - b.end);
  // Written in one second, they cannot be told apart.
  if (first === undefined || locked.length < ends.length || first.end === second?.end) {
    throw damagedCopy(
      `${file} of ${name} was written ${String(ends.length)} times, and nobody can say what was there first (${store.place})`,
    );
  }
  return first.version;
}

/** Of sums, manifests and lists, whose lines are a file, a database, a table or an object each. */
export const bytesAtMost = 16 * 2 ** 20;

/**
 * A small file of a copy, as it was written first. Whoever can write there could have made it as long as no memory is.
 *
 * @throws CommandError (1) where it is missing, too long, or nobody can tell, NoSuchObject, StoreError
 */
export async function readFirst(
  store: Pick<S3Versions, "lockedUntil" | "place" | "read">,
  copy: Parameters<typeof firstVersion>[1],
  file: string,
): Promise<Buffer> {
  const { key, versionId, size } = await firstVersion(store, copy, file);
  if (size > bytesAtMost)
    throw damagedCopy(`${file} of ${copy.name} is no such file: it has ${String(size)} bytes (${store.place})`);
  return store.read(key, versionId);
}

/** What a service sends, through something that looks at it; where the connection breaks, that is said as the service's failure. */
export function throughFrom(stored: Readable, through: Transform, place: string): Readable {
  stored.once("error", (error) => through.destroy(storeErrorOf(error, place)));
  // Whoever reads it gets the error, also where nobody reads yet when it comes.
  through.on("error", () => undefined);
  // The connection goes with whoever does not read on.
  through.once("close", () => stored.destroy());
  return stored.pipe(through);
}
