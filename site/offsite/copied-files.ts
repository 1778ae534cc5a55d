/** A version of an object in a listing, or the mark that it was deleted. */
export interface ListedVersion {
  readonly key: string;
  readonly versionId: string;
  /** Milliseconds since 1970. Who writes may choose it on some servers: it proves nothing. */
  readonly modified: number;
  readonly size: number;
  readonly deleteMarker: boolean;
}

/** Versions of each file of a copy, by the file's name; never none. */
export type CopiedFiles = ReadonlyMap<string, readonly ListedVersion[]>;

/** What lies in a folder of a copy. */
export interface WholeCopy {
  /** Path below the folder that was searched. */
  readonly name: string;
  /** Copies are written once: further versions are nobody's own. */
  readonly files: CopiedFiles;
  readonly bytes: number;
  /** What somebody has done to it since: sentences. Empty: nothing. */
  readonly doubts: readonly string[];
}

/** Name of the file that is written last. */
export const sumsFile = "SHA256SUMS";

/**
 * Whole copies among what lies below a folder, each in a folder of its own: their sums were written, and they come last. What was
 * written over or marked as deleted counts as it was first: the key that writes can do both, and removes nothing by it.
 *
 * @param folder without a slash at its end
 * @param versions every version below it
 */
export function wholeCopies(folder: string, versions: readonly ListedVersion[]): WholeCopy[] {
  const places = new Map<string, Map<string, ListedVersion[]>>();
  for (const version of versions) {
    const [name, file] = splitKey(folder, version.key);
    if (name === undefined || file === undefined) continue;
    const files = places.get(name) ?? new Map<string, ListedVersion[]>();
    places.set(name, files);
    files.set(file, [...(files.get(file) ?? []), version]);
  }
  return [...places].flatMap(([name, found]) => wholeCopy(name, found) ?? []);
}

function splitKey(folder: string, key: string): [name?: string, file?: string] {
  if (!key.startsWith(`${folder}/`)) return [];
  const path = key.slice(folder.length + 1);
  const end = path.lastIndexOf("/");
  return end < 0 ? [] : [path.slice(0, end), path.slice(end + 1)];
}

function wholeCopy(name: string, found: CopiedFiles): WholeCopy | undefined {
  const files = new Map(
    [...found].flatMap(([file, versions]) => {
      const contents = versions.filter(({ deleteMarker }) => !deleteMarker);
      return contents.length === 0 ? [] : [[file, contents] as const];
    }),
  );
  if (!files.has(sumsFile)) return undefined;
  const bytes = [...files.values()].reduce((sum, [first]) => sum + (first?.size ?? 0), 0);
  return { name, files, bytes, doubts: doubtsOf(found) };
}

function doubtsOf(found: CopiedFiles): string[] {
  return [...found].flatMap(([file, versions]) => {
    const writes = versions.filter(({ deleteMarker }) => !deleteMarker).length;
    return [
      ...(writes > 1 ? [`${file} was written ${String(writes)} times: the first counts`] : []),
      ...(writes < versions.length ? [`${file} was marked as deleted, and is there`] : []),
    ];
  });
}
