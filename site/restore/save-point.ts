import * as z from "zod";

/**
 * Notes of a save point: the backup of the present guest that is made before a restore overwrites it (D6).
 *
 * Proxmox's lists show the first line of an archive's notes, so that line alone makes a save point known. vzdump writes
 * it as the backup ends (its notes template takes `{{…}}` and backslashes as its own, and the line has neither). The
 * full notes, added afterwards, say what undo needs, so that it works from any machine.
 */

const operationPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const firstLinePattern = /^lifeboat save point ([A-Za-z0-9][A-Za-z0-9._-]{0,63})$/;
const recordPrefix = "lifeboat-undo: ";

/**
 * Most characters of notes. Proxmox takes 1,024 for the template, and sets no limit for notes that are written later
 * but that of a request's body, 512 KiB; percent-encoded each character of these notes takes up to nine bytes.
 */
const notesLimit = 48 * 1024;

const volumeSchema = z.strictObject({
  storage: z.string().min(1),
  /** Bytes; 0 has no limit. */
  size: z.number().nonnegative(),
});

const recordSchema = z.strictObject({
  version: z.literal(1),
  /** Id of the operation, as in the journal: `undo` takes it. */
  operation: z.string().regex(operationPattern),
  environment: z.string().exactOptional(),
  /** Name of the guest in the settings. */
  guest: z.string(),
  vmid: z.int().min(100).max(999_999_999),
  node: z.string().min(1),
  kind: z.enum(["lxc", "qemu"]),
  /** Volume id of the archive that was about to be restored. */
  source: z.string().min(1),
  /** Unix seconds. */
  time: z.int().nonnegative(),
  wasRunning: z.boolean(),
  /** Storage and size of each volume, by key: `rootfs`, `mp0`, `scsi0`. */
  volumes: z.record(z.string(), volumeSchema),
  pool: z.string().exactOptional(),
  /** Backup jobs that had the guest. */
  jobs: z.array(z.string()),
  /** State that high availability kept the guest in. */
  highAvailability: z.string().exactOptional(),
});

/** What undo needs to know. */
export type SavePointRecord = z.infer<typeof recordSchema>;

/**
 * The first line of a save point's notes, also its notes template for vzdump.
 *
 * @throws RangeError when the operation's id could not be read again.
 */
export function savePointTemplate(operation: string): string {
  if (!operationPattern.test(operation)) {
    throw new RangeError(`'${operation}' cannot be the id of a save point`);
  }
  return `lifeboat save point ${operation}`;
}

/**
 * The operation that a save point belongs to, from the first line of its notes or from all; undefined for other notes.
 */
export function parseSavePoint(notes: string): { readonly operation: string } | undefined {
  const operation = firstLinePattern.exec(firstLine(notes))?.[1];
  return operation === undefined ? undefined : { operation };
}

/** True when notes, or their first line, are those of a save point. */
export function isSavePoint(notes: string): boolean {
  return parseSavePoint(notes) !== undefined;
}

function firstLine(notes: string): string {
  return (notes.split("\n")[0] ?? "").trimEnd();
}

/**
 * The full notes of a save point.
 *
 * @throws RangeError when they would be longer than Proxmox takes, or the operation's id is none.
 */
export function formatSavePointNotes(record: SavePointRecord): string {
  const lines = [
    savePointTemplate(record.operation),
    `Made before ${oneLine(record.guest)} (${record.vmid}) was restored from ${oneLine(record.source)}.`,
    `Take that restore back with: lifeboat undo ${record.operation}`,
    recordPrefix + JSON.stringify(record),
  ];
  const notes = lines.join("\n");
  if (notes.length > notesLimit) {
    throw new RangeError(
      `the notes of the save point would have ${notes.length} characters, ${notesLimit} are allowed`,
    );
  }
  return notes;
}

/** A name cannot begin a line of its own, which could then pass for the record. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ");
}

/**
 * Reads the full notes of a save point. Notes that people write have no record, or none that fits: they are no save
 * point.
 *
 * @returns undefined when there is no record, or it is not of the operation that the first line names.
 */
export function parseSavePointNotes(notes: string): SavePointRecord | undefined {
  const operation = parseSavePoint(notes)?.operation;
  const lines = notes.split("\n").filter((line) => line.startsWith(recordPrefix));
  const [line] = lines;
  if (operation === undefined || line === undefined || lines.length > 1 || notes.length > notesLimit) {
    return undefined;
  }
  const parsed = recordSchema.safeParse(parseJson(line.slice(recordPrefix.length)));
  return parsed.success && parsed.data.operation === operation ? parsed.data : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
