import { type DumpName, parseDumpName } from "../data/dump-name";

/** A version of an object in a listing, or the mark that it was deleted. */
export interface ListedVersion {
  readonly key: string;
  readonly versionId: string;
  /** Milliseconds since 1970. Who writes may choose it on some servers: it proves nothing. */
  readonly modified: number;
  readonly size: number;
  readonly deleteMarker: boolean;
}

/** A dump as it lies elsewhere, whole: its sums were written, and they come last. */
export interface CopiedDump extends DumpName {
  /** Versions of each file, by its name; never none. Copies are written once: further ones are nobody's own. */
  readonly files: ReadonlyMap<string, readonly ListedVersion[]>;
  readonly bytes: number;
  /** What somebody has done to it since: sentences. Empty: nothing. */
  readonly doubts: readonly string[];
}

/** Name of the file that is written last. */
export const sumsFile = "SHA256SUMS";

/**
 * The whole dumps of a guest among what lies below its folder. What was written over or marked as deleted counts as it was first: the
 * key of a guest can do both, and removes nothing by it.
 *
 * @param folder of the guest's dumps, without a slash at its end
 * @param versions every version below it
 * @returns by name
 */
export function copiedDumps(folder: string, versions: readonly ListedVersion[]): CopiedDump[] {
  const places = new Map<string, { dump: DumpName; files: Map<string, ListedVersion[]> }>();
  for (const version of versions) {
    const [name, file] = splitKey(folder, version.key);
    const dump = name === undefined ? undefined : parseDumpName(name);
    if (dump === undefined || file === undefined) continue;
    const place = places.get(dump.name) ?? { dump, files: new Map<string, ListedVersion[]>() };
    places.set(dump.name, place);
    place.files.set(file, [...(place.files.get(file) ?? []), version]);
  }
  return [...places.values()]
    .flatMap(({ dump, files }) => wholeDump(dump, files) ?? [])
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function splitKey(folder: string, key: string): [name?: string, file?: string] {
  if (!key.startsWith(`${folder}/`)) return [];
  const path = key.slice(folder.length + 1);
  const end = path.lastIndexOf("/");
  return end < 0 ? [] : [path.slice(0, end), path.slice(end + 1)];
}

function wholeDump(dump: DumpName, found: ReadonlyMap<string, readonly ListedVersion[]>): CopiedDump | undefined {
  const files = new Map(
    [...found].flatMap(([file, versions]) => {
      const contents = versions.filter(({ deleteMarker }) => !deleteMarker);
      return contents.length === 0 ? [] : [[file, contents] as const];
    }),
  );
  if (!files.has(sumsFile) || !files.has("manifest.json")) return undefined;
  const bytes = [...files.values()].reduce((sum, [first]) => sum + (first?.size ?? 0), 0);
  return { ...dump, files, bytes, doubts: doubtsOf(found) };
}

function doubtsOf(found: ReadonlyMap<string, readonly ListedVersion[]>): string[] {
  return [...found].flatMap(([file, versions]) => {
    const writes = versions.filter(({ deleteMarker }) => !deleteMarker).length;
    return [
      ...(writes > 1 ? [`${file} was written ${String(writes)} times: the first counts`] : []),
      ...(writes < versions.length ? [`${file} was marked as deleted, and is there`] : []),
    ];
  });
}
