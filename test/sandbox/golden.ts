/**
 * Checks the rules of `proxmox/rules` against golden files: cases decided by Proxmox's own code, one JSON object a
 * line.
 *
 * What a file holds is told by its name: `prune…`, `archive-names…`, `property-strings…`, `calendar…`.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { listArchive, ownerOfArchive, parseArchiveName } from "../../proxmox/rules/archive-names";
import { CalendarEventError, nextStart, parseCalendarEvent } from "../../proxmox/rules/calendar-events";
import {
  formatDrive,
  formatMountPoint,
  isBackedUp,
  parseDrive,
  parseMountPoint,
  PropertyStringError,
  type Drive,
  type MountPoint,
} from "../../proxmox/rules/property-strings";
import { markArchives, parseRetentionObject } from "../../proxmox/rules/retention";

export interface GoldenResult {
  readonly passed: number;
  readonly failed: number;
  /** One text per case that does not agree, with the line of the file. */
  readonly failures: readonly string[];
}

interface Comparison {
  readonly case: string;
  readonly expected: unknown;
  readonly found: unknown;
}

const checks: readonly { readonly prefix: string; readonly compare: (line: unknown) => Comparison }[] = [
  { prefix: "prune", compare: comparePrune },
  { prefix: "archive-names", compare: compareArchiveName },
  { prefix: "property-strings", compare: comparePropertyString },
  { prefix: "calendar", compare: compareCalendarEvent },
];

/** True when the file's name says that it is a golden file this module can check. */
export function isGoldenFile(path: string): boolean {
  return checks.some(({ prefix }) => basename(path).startsWith(prefix));
}

/**
 * Checks one golden file.
 *
 * @throws Error when the file cannot be read, is of no known kind, or holds something else than cases.
 */
export function checkGoldenFile(path: string): GoldenResult {
  const check = checks.find(({ prefix }) => basename(path).startsWith(prefix));
  if (check === undefined) {
    const known = checks.map(({ prefix }) => prefix).join(", ");
    throw new Error(`Unable to check ${path}: its name begins with none of ${known}`);
  }
  const lines = readFileSync(path, "utf8").split("\n");
  const failures: string[] = [];
  let passed = 0;
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") {
      continue;
    }
    const comparison = check.compare(JSON.parse(line));
    if (isDeepStrictEqual(comparison.found, comparison.expected)) {
      passed += 1;
    } else {
      failures.push(`${basename(path)}:${index + 1}: ${describe(comparison)}`);
    }
  }
  if (passed + failures.length === 0) {
    throw new Error(`Unable to check ${path}: it holds no cases`);
  }
  return { passed, failed: failures.length, failures };
}

function describe(comparison: Comparison): string {
  return `${comparison.case}: expected ${JSON.stringify(comparison.expected)}, found ${JSON.stringify(comparison.found)}`;
}

const pruneCase = z.object({
  tz: z.string(),
  keep: z.record(z.string(), z.union([z.string(), z.number()])),
  archives: z.array(z.object({ ctime: z.number(), protected: z.boolean(), mark: z.string() })),
});

function comparePrune(line: unknown): Comparison {
  const { tz, keep, archives } = pruneCase.parse(line);
  return {
    case: `${JSON.stringify(keep)} in ${tz}`,
    expected: archives.map(({ mark }) => mark),
    found: markArchives(
      archives.map((archive) => ({ time: archive.ctime, protected: archive.protected })),
      parseRetentionObject(keep),
      tz,
    ),
  };
}

const archiveNameCase = z.object({
  name: z.string(),
  tz: z.string(),
  info: z
    .object({
      type: z.string(),
      format: z.string(),
      compression: z.string().nullable(),
      is_std_name: z.number(),
      vmid: z.number().optional(),
      ctime: z.number().optional(),
      logfilename: z.string().optional(),
      notesfilename: z.string().optional(),
    })
    .nullable(),
  volume: z.object({ name: z.string(), vmid: z.string().nullable() }).nullable(),
});

function compareArchiveName(line: unknown): Comparison {
  const golden = archiveNameCase.parse(line);
  const { info } = golden;
  return {
    case: golden.name,
    expected: {
      listed: golden.volume !== null,
      owner: golden.volume?.vmid ?? undefined,
      name: info && {
        guestType: info.type,
        format: info.format,
        compression: info.compression ?? undefined,
        standard: info.is_std_name === 1,
        vmid: info.vmid,
        time: info.ctime,
        log: info.logfilename,
        notes: info.notesfilename,
      },
    },
    found: {
      listed: listArchive(golden.name, golden.tz) !== undefined,
      owner: ownerOfArchive(golden.name),
      name: archiveNameFound(golden.name, golden.tz),
    },
  };
}

function archiveNameFound(fileName: string, timeZone: string): object | null {
  const name = parseArchiveName(fileName, timeZone);
  if (name === undefined) {
    return null;
  }
  const { guestType, format, compression, standard } = name;
  const given = name.standard
    ? { vmid: name.vmid, time: name.time, log: name.logFileName, notes: name.notesFileName }
    : { vmid: undefined, time: undefined, log: undefined, notes: undefined };
  return { guestType, format, compression, standard, ...given };
}

const propertyStringCase = z.object({
  kind: z.enum(["lxc-mp", "lxc-rootfs", "qemu-drive"]),
  input: z.string(),
  backup: z.boolean().nullable().optional(),
  parsed: z.record(z.string(), z.union([z.string(), z.number()])).nullable(),
  printed: z.string().nullable(),
});

function comparePropertyString(line: unknown): Comparison {
  const golden = propertyStringCase.parse(line);
  const found =
    golden.kind === "qemu-drive"
      ? driveFound(golden.input)
      : mountPointFound(golden.kind === "lxc-rootfs" ? "rootfs" : "mp0", golden.input);
  const parsed = golden.parsed && Object.fromEntries(Object.entries(golden.parsed).map(([k, v]) => [k, String(v)]));
  return {
    case: `${golden.kind} ${golden.input}`,
    expected: { parsed, printed: golden.printed, ...(golden.backup === undefined ? {} : { backup: golden.backup }) },
    found: golden.backup === undefined ? { parsed: found.parsed, printed: found.printed } : found,
  };
}

interface PropertyStringFound {
  readonly parsed: Record<string, string> | null;
  readonly printed: string | null;
  readonly backup: boolean | null;
}

const refused: PropertyStringFound = { parsed: null, printed: null, backup: null };

function mountPointFound(key: string, text: string): PropertyStringFound {
  const mountPoint = orUndefined(() => parseMountPoint(key, text));
  if (mountPoint === undefined) {
    return refused;
  }
  return {
    parsed: mountPointByProxmoxNames(mountPoint),
    printed: orUndefined(() => formatMountPoint(key, mountPoint)) ?? null,
    backup: isBackedUp("lxc", key, mountPoint),
  };
}

function mountPointByProxmoxNames(mountPoint: MountPoint): Record<string, string> {
  return withoutUndefined({
    type: mountPoint.kind,
    volume: mountPoint.volume,
    mp: mountPoint.mount,
    size: mountPoint.size?.toString(),
    backup: flag(mountPoint.backup),
    acl: flag(mountPoint.acl),
    ro: flag(mountPoint.readOnly),
    quota: flag(mountPoint.quota),
    replicate: flag(mountPoint.replicate),
    shared: flag(mountPoint.shared),
    keepattrs: flag(mountPoint.keepAttributes),
    mountoptions: mountPoint.mountOptions?.join(";"),
  });
}

function driveFound(text: string): PropertyStringFound {
  const drive = orUndefined(() => parseDrive("scsi0", text));
  if (drive === undefined) {
    return refused;
  }
  return {
    parsed: driveByProxmoxNames(drive),
    printed: orUndefined(() => formatDrive("scsi0", drive)) ?? null,
    backup: isBackedUp("qemu", "scsi0", drive),
  };
}

function driveByProxmoxNames(drive: Drive): Record<string, string> {
  return withoutUndefined({
    ...Object.fromEntries(drive.options),
    file: drive.file,
    interface: "scsi",
    index: "0",
    media: drive.media,
    size: drive.size?.toString(),
    backup: flag(drive.backup),
  });
}

function flag(value: boolean | undefined): string | undefined {
  return value === undefined ? undefined : String(Number(value));
}

function withoutUndefined(values: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

function orUndefined<Result>(attempt: () => Result): Result | undefined {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof PropertyStringError) {
      return undefined;
    }
    throw error;
  }
}

const calendarCase = z.union([
  z.object({ event: z.string(), valid: z.literal(false) }),
  z.object({ event: z.string(), tz: z.string(), last: z.number(), next: z.number().nullable() }),
]);

function compareCalendarEvent(line: unknown): Comparison {
  const golden = calendarCase.parse(line);
  if ("valid" in golden) {
    return { case: JSON.stringify(golden.event), expected: "refused", found: startFound(golden.event, 0, "UTC") };
  }
  return {
    case: `${golden.event} after ${golden.last} in ${golden.tz}`,
    expected: golden.next,
    found: startFound(golden.event, golden.last, golden.tz),
  };
}

function startFound(text: string, last: number, timeZone: string): number | null | "refused" {
  try {
    return nextStart(parseCalendarEvent(text), last, timeZone) ?? null;
  } catch (error) {
    if (error instanceof CalendarEventError) {
      return "refused";
    }
    throw error;
  }
}
