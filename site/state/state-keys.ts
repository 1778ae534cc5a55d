/**
 * Where Pulumi's own backends keep a stack (layout 1, "project mode"), and where Lifeboat keeps what it saves of it.
 * Source: pulumi `pkg/backend/diy/{store,state,lock}.go`.
 */

/** A stack as its backend names it. */
export interface StackPlace {
  readonly project: string;
  readonly stack: string;
}

/** How an object's content is packed. Its name says so too, and the content decides. */
export type Compression = "none" | "gzip" | "zstd";

/** By what a name ends with. */
const suffixes: readonly (readonly [string, Compression])[] = [
  [".json", "none"],
  [".json.gz", "gzip"],
  [".json.zst", "zstd"],
];

/** `organization/<project>/<stack>`: what a checkpoint says of itself. */
export function qualifiedName({ project, stack }: StackPlace): string {
  return `organization/${project}/${stack}`;
}

/** The present checkpoint, without what tells its compression. */
export function checkpointStem({ project, stack }: StackPlace): string {
  return `.pulumi/stacks/${project}/${stack}`;
}

/** The present checkpoint's key in each of its forms, in the order in which Pulumi lists them. */
export function checkpointKeys(place: StackPlace): string[] {
  return suffixes.map(([suffix]) => checkpointStem(place) + suffix);
}

/** Copies of the present checkpoint from before its last write. */
export function backupKeys(place: StackPlace): string[] {
  return checkpointKeys(place).map((key) => `${key}.bak`);
}

/** Pulumi's history of a stack: a pair of objects for every update that ended. */
export function historyPrefix({ project, stack }: StackPlace): string {
  return `.pulumi/history/${project}/${stack}/`;
}

/** Copies that Pulumi makes after every operation, also after failed ones. */
export function backupPrefix({ project, stack }: StackPlace): string {
  return `.pulumi/backups/${project}/${stack}/`;
}

/** Locks of a stack: one object for each process that holds or wants it. */
export function lockPrefix(place: StackPlace): string {
  return `.pulumi/locks/${qualifiedName(place)}/`;
}

/** States that Lifeboat saved before it replaced them. Pulumi does not look there. */
export function savedPrefix({ project, stack }: StackPlace): string {
  return `.lifeboat/points/${project}/${stack}/`;
}

/** One half of a history entry. */
export interface HistoryKey {
  /** Nanoseconds since 1970: the name of the pair. */
  readonly nanos: string;
  readonly half: "history" | "checkpoint";
}

/** What a key below {@link historyPrefix} is; undefined for anything else. */
export function parseHistoryKey(place: StackPlace, key: string): HistoryKey | undefined {
  const name = nameBelow(historyPrefix(place), key);
  if (name === undefined || !name.startsWith(`${place.stack}-`)) return undefined;
  const match = /^(\d{1,20})\.(history|checkpoint)\.json(?:\.gz|\.zst)?$/u.exec(name.slice(place.stack.length + 1));
  const [, nanos, half] = match ?? [];
  if (nanos === undefined || (half !== "history" && half !== "checkpoint")) return undefined;
  return { nanos, half };
}

/** Nanoseconds in the name of a copy below {@link backupPrefix}; undefined for anything else. */
export function parseBackupKey(place: StackPlace, key: string): string | undefined {
  const name = nameBelow(backupPrefix(place), key);
  if (name === undefined || !name.startsWith(`${place.stack}.`)) return undefined;
  return /^(\d{1,20})\.json(?:\.gz|\.zst)?$/u.exec(name.slice(place.stack.length + 1))?.[1];
}

/** What the name of a saved state says. */
export interface SavedKey {
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Short id of the point that took its place. */
  readonly before: string;
}

/** The key under which a state is kept before it is replaced. The form of its content stays, and so does the suffix. */
export function savedKey(place: StackPlace, { time, before }: SavedKey, compression: Compression): string {
  const stamp = new Date(time).toISOString().replace(/[-:.]/gu, "");
  return `${savedPrefix(place)}${stamp}-before-${before}${suffixOf(compression)}`;
}

/** What a key below {@link savedPrefix} is; undefined for anything else. */
export function parseSavedKey(place: StackPlace, key: string): SavedKey | undefined {
  const name = nameBelow(savedPrefix(place), key);
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-before-([0-9a-f]+)\.json(?:\.gz|\.zst)?$/u.exec(
    name ?? "",
  );
  const [, year, month, day, hour, minute, second, thousandths, before] = match ?? [];
  if (before === undefined) return undefined;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${thousandths}Z`);
  return Number.isNaN(time) ? undefined : { time, before };
}

/** Milliseconds of a time in nanoseconds. */
export function millisecondsOf(nanos: string): number {
  return Number(BigInt(nanos) / 1_000n) / 1_000;
}

/** How the content begins tells how it is packed, whatever the name says; Pulumi reads it the same way. */
export function compressionOf(content: Uint8Array): Compression {
  const [first, second, third, fourth] = content;
  if (first === 0x1f && second === 0x8b) return "gzip";
  return first === 0x28 && second === 0xb5 && third === 0x2f && fourth === 0xfd ? "zstd" : "none";
}

/** `.json`, `.json.gz`, `.json.zst` */
export function suffixOf(compression: Compression): string {
  return suffixes.find(([, known]) => known === compression)?.[0] ?? ".json";
}

/**
 * The one of several forms of the present checkpoint that Pulumi reads: the most recently written; of two written at the
 * same time the later in {@link checkpointKeys}.
 */
export function presentForm<Stored extends { readonly key: string; readonly modified: number }>(
  place: StackPlace,
  objects: readonly Stored[],
): Stored | undefined {
  let best: Stored | undefined;
  for (const key of checkpointKeys(place)) {
    const found = objects.find((stored) => stored.key === key);
    if (found !== undefined && (best === undefined || found.modified >= best.modified)) best = found;
  }
  return best;
}

function nameBelow(prefix: string, key: string): string | undefined {
  const name = key.startsWith(prefix) ? key.slice(prefix.length) : "";
  return name === "" || name.includes("/") ? undefined : name;
}
