import * as z from "zod";
import type { ArchivedBackup, PointInTimeFacts, TimelineHistory } from "../../../site/data/point-in-time/facts";
import { parsePosition, usualSegmentSize } from "../../../site/data/point-in-time/wal";

const backupSchema = z.object({
  label: z.string(),
  error: z.boolean().nullish(),
  archive: z.object({ start: z.string().nullable(), stop: z.string().nullable() }),
  database: z.object({ id: z.number() }),
  info: z.object({ size: z.number() }),
  lsn: z.object({ stop: z.string() }),
  timestamp: z.object({ start: z.number(), stop: z.number() }),
});

const stanzaSchema = z.object({
  archive: z.array(z.object({ database: z.object({ id: z.number() }), id: z.string() })),
  backup: z.array(backupSchema),
  db: z.array(z.object({ id: z.number(), "system-id": z.number(), version: z.string() })),
  status: z.object({ code: z.number(), message: z.string() }),
});

/** What `pgbackrest info --output=json` prints of one stanza. */
const infoSchema = z.tuple([stanzaSchema]);

/** What `pgbackrest repo-ls --recurse --output=json` prints. */
const listingSchema = z.record(z.string(), z.object({ type: z.string(), time: z.number().exactOptional() }));

/** Statuses of a stanza with which its list of backups is whole: well, and no backup yet. */
const wholeStatuses = [0, 2];

/**
 * Reads what `lifeboat-data-pitr facts` has printed: a key and a value on each line.
 *
 * @throws Error with what is not as it should be: what is not understood must not be taken for nothing
 */
export function parseFacts(text: string): PointInTimeFacts {
  const lines = text.trimEnd().split("\n");
  if (lines.at(-1) !== "end") throw new Error("the facts have no end");
  const all = (key: string): string[] =>
    lines.filter((line) => line.startsWith(`${key} `)).map((line) => line.slice(key.length + 1));
  const one = (key: string): string => {
    const [value, ...others] = all(key);
    if (value === undefined || others.length > 0) throw new Error(`the facts do not say '${key}' once`);
    return value;
  };
  const maybe = (key: string): string | undefined => all(key)[0];
  const [stanza] = infoSchema.parse(JSON.parse(one("info")));
  if (!wholeStatuses.includes(stanza.status.code)) throw new Error(stanza.status.message);
  const listing = listingSchema.parse(JSON.parse(one("archive")));
  const archive = newestArchive(stanza);
  const timeline = maybe("timeline");
  const archivedAt = segmentsIn(listing, archive);
  return {
    now: numberOf(one("now")),
    cluster: one("cluster"),
    data: one("data"),
    running: one("running") === "yes",
    timeline: timeline === undefined ? undefined : numberOf(timeline),
    tablespaces: numberOf(maybe("tablespaces") ?? "0"),
    free: numberOf(one("free")),
    recovery: maybe("recovery")?.split(" ")[0],
    beside: all("beside"),
    archive,
    segmentSize: numberOf(maybe("segment") ?? String(usualSegmentSize)),
    backups: stanza.backup.flatMap((backup) => readBackup(backup, stanza)).sort((a, b) => a.stop - b.stop),
    segments: new Set(archivedAt.keys()),
    archivedAt,
    stray: maybe("stray"),
    histories: all("history").flatMap((line) => readHistory(line, listing, archive)),
  };
}

type Stanza = z.infer<typeof stanzaSchema>;

/** That of the cluster as it is now: an upgrade begins a new one. */
function newestArchive({ archive }: Stanza): string {
  const [newest] = archive.toSorted((a, b) => b.database.id - a.database.id);
  if (newest === undefined) throw new Error("the archive has no WAL of any cluster");
  return newest.id;
}

function readBackup(
  { label, error, archive, database, info, lsn, timestamp }: z.infer<typeof backupSchema>,
  stanza: Stanza,
): ArchivedBackup[] {
  const own = stanza.archive.find((one) => one.database.id === database.id);
  const stopPosition = parsePosition(lsn.stop);
  // One with broken pages is no way back, and neither is one whose WAL nobody knows.
  if (error === true || own === undefined || archive.start === null || stopPosition === undefined) return [];
  const { start, stop } = timestamp;
  return [{ label, archive: own.id, start, stop, startSegment: archive.start, stopPosition, bytes: info.size }];
}

/** Names of the segments, and when they were archived. */
function segmentsIn(listing: z.infer<typeof listingSchema>, archive: string): Map<string, number> {
  const names = new Map<string, number>();
  for (const [path, { time = 0 }] of Object.entries(listing)) {
    const [, of, name] = /^(\d+-\d+)\/[0-9A-F]{16}\/([0-9A-F]{24})-[0-9a-f]{40}/u.exec(path) ?? [];
    if (of === archive && name !== undefined) names.set(name, time);
  }
  return names;
}

/** `15-1/00000003.history 1@0/6001EF0 2@0/7000000` */
function readHistory(line: string, listing: z.infer<typeof listingSchema>, archive: string): TimelineHistory[] {
  const [file = "", ...parents] = line.split(" ");
  const [, of, digits = ""] = /^(\d+-\d+)\/([0-9A-F]{8})\.history$/u.exec(file) ?? [];
  if (of !== archive) return [];
  const ancestors = parents.map((parent) => {
    const [timeline = "", text = ""] = parent.split("@");
    const until = parsePosition(text);
    if (until === undefined) throw new Error(`the history ${file} is not understood: ${parent}`);
    return { timeline: numberOf(timeline), until };
  });
  const began = listing[file]?.time;
  if (began === undefined) throw new Error(`nobody knows when ${file} was written`);
  return [{ archive, timeline: Number.parseInt(digits, 16), ancestors, began }];
}

function numberOf(text: string): number {
  const number = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(number)) throw new Error(`'${text}' is no number`);
  return number;
}
