import { resolve } from "node:path";
import * as z from "zod";
import type { DumpItem } from "../../../site/data/manifest";
import { isWholeDay } from "../../../site/restore/moments";
import type { DataSource } from "../../../site/settings/data";
import { shellQuote } from "../../machine/shell-quote";
import type { CommandContext } from "../../project/context";
import { inSettings } from "../../recovery/engine/left-guest";
import { runOne } from "../../recovery/engine/run-one";
import { type GuestSession, openSession } from "../../recovery/engine/session";
import { noPointInTime } from "../../recovery/point-in-time/operation";
import { wishOf } from "../../recovery/point-in-time/request";
import type { DumpShelf } from "../../recovery/restore-data/dump-shelf";
import { findSource, recoveryOf, type SourceKind, targetSource } from "../../recovery/restore-data/find-source";
import { offsiteShelf } from "../../recovery/restore-data/offsite-shelf";
import { guestShelf } from "../../recovery/restore-data/guest-shelf";
import { restoreDataOperation } from "../../recovery/restore-data/operation";
import type { RestorePoint, SourcePlace } from "../../recovery/restore-data/request";
import { usageError } from "../../terminal/command-error";
import type { ExitCode } from "../../terminal/exit-codes";
import type { KnownOption } from "../../terminal/known-command";
import { momentFlag } from "./moment-flag";

/** Variable that names the file of age identities, where no flag does. */
const identityVariable = "LIFEBOAT_AGE_IDENTITY_FILE";

/** Names what opens an encrypted dump. */
export const identityFlag: KnownOption = {
  flags: "--identity <file>",
  description: `age identities that open an encrypted dump, on this machine (default: ${identityVariable})`,
};

/** Flags of what restores data of a dump. */
export const restoreDataFlags: readonly KnownOption[] = [
  { flags: "--at <time>", description: "the newest dump that is not later: a day (its end) or a time, in UTC" },
  { flags: "--dump <name>", description: "this dump; 'lifeboat data' lists them" },
  {
    flags: "--from <place>",
    description: "'offsite': from the copies in lifeboat:offsite, whether the guest that made them is there or not",
  },
  {
    flags: "--save-point <operation>",
    description: "what an earlier restore has replaced; 'lifeboat data' lists them",
  },
  { flags: "--into <name>", description: "under another name, beside what is there" },
  { flags: "--to-guest <guest>", description: "into another guest, which has a source of the same kind" },
  { flags: "--to-source <source>", description: "with --to-guest: its source by which that is reached" },
  identityFlag,
  { flags: "--dry-run", description: "show the plan; change nothing" },
  { flags: "--force", description: "answer the plan's question with yes; implies none of the following" },
  { flags: "--disconnect", description: "end the connections to what is replaced" },
  {
    flags: "--accept-loss",
    description: "replace something that is there already under another name or in another guest",
  },
  {
    flags: "--without-save-point [source]",
    description: "do not dump what is there first; without a terminal the source's name must be given",
  },
];

/** Their input. */
export const restoreDataSchema = z.object({
  guest: z.string(),
  at: momentFlag.optional(),
  dump: z.string().optional(),
  savePoint: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/u, { error: "the id of an operation" })
    .optional(),
  from: z.literal("offsite", { error: "'offsite' is the only other place of dumps" }).optional(),
  into: z.string().min(1).optional(),
  toGuest: z.string().optional(),
  toSource: z.string().optional(),
  identity: z.string().optional(),
  dryRun: z.boolean().default(false),
  force: z.boolean().default(false),
  disconnect: z.boolean().default(false),
  acceptLoss: z.boolean().default(false),
  withoutSavePoint: z.union([z.string(), z.boolean()]).optional(),
});

export type RestoreDataFlags = z.output<typeof restoreDataSchema>;

/** One way at a time says what it comes from. */
export function namesOnePoint({ at, dump, savePoint, xid, point }: RestoreDataFlags & ArchiveFlags): boolean {
  return [at, dump, savePoint, xid, point].filter((one) => one !== undefined).length < 2;
}

export const onePointOnly = { error: "--at, --dump, --save-point, --xid and --point exclude each other" };

/** A transaction's number, as PostgreSQL prints it. */
const transaction = z
  .string()
  .regex(/^[1-9]\d{0,19}$/u, { error: "a transaction's number, as txid_current() prints it" });

/** Flags that name a point of a cluster's archive by something else than a time. */
export const archiveSchema = z.object({
  xid: transaction.optional(),
  point: z.string().min(1).max(63).optional(),
  timeline: z.coerce.number().int().min(1).max(2_147_483_647).optional(),
});

export type ArchiveFlags = Partial<z.output<typeof archiveSchema>>;

/** Save points lie in the guest alone. */
export function leavesSavePointsInGuest({ from, savePoint }: RestoreDataFlags): boolean {
  return from === undefined || savePoint === undefined;
}

export const inGuestOnly = {
  error: "--from and --save-point exclude each other: a save point lies in its guest alone",
};

/** What is restored, by the words of a command. */
export interface RestoreDataWish {
  /** `["lifeboat", "restore", "database"]` */
  readonly words: readonly string[];
  /** Words behind the guest. */
  readonly behind: readonly string[];
  readonly what: string;
  /** The source that is named. */
  readonly source: string | undefined;
  /** Names that a dump must have; empty: whatever it has. */
  readonly names: readonly string[];
  readonly kinds: readonly SourceKind[];
  readonly isWanted: (item: DumpItem) => boolean;
  /** Flags that name a point of the cluster's archive. Absent: it comes from a dump. */
  readonly archive?: ArchiveFlags;
}

/** Runs the restore that a command line asks for. */
export async function restoreData(
  wish: RestoreDataWish,
  flags: RestoreDataFlags,
  context: CommandContext,
): Promise<ExitCode> {
  const open = (guest: string): Promise<GuestSession> =>
    inSettings([guest], context, () => openSession(guest, context, flags.dryRun));
  const origin = await open(flags.guest);
  const shelfOf = (place: SourcePlace): DumpShelf =>
    flags.from === undefined ? guestShelf(place, context.signal) : offsiteShelf(place, context.signal);
  const isIn = async (place: SourcePlace): Promise<boolean> => {
    const { manifests } = await shelfOf(place).list();
    return manifests.some(({ items }) => items.some(wish.isWanted));
  };
  const from = await findSource(origin, wish.kinds, wish.source, isIn);
  const target = flags.toGuest === undefined ? origin : await open(flags.toGuest);
  const to = flags.toGuest === undefined ? from : targetSource(target, from.source, flags.toSource);
  const point = pointOf(flags, wish, origin, from.source);
  if (point.kind === "archive") requireInPlace(flags);
  const operation = restoreDataOperation(target, {
    from,
    to,
    shelf: shelfOf(from),
    what: wish.what,
    isWanted: wish.isWanted,
    names: wish.names,
    point,
    recovery: recoveryOf(target, to.source),
    into: flags.into,
    identity: identityOf(flags, context),
    given: answersOf(flags),
    command: commandOf(wish, origin, flags),
    plain: commandOf({ ...wish, archive: {} }, origin, {
      ...flags,
      at: undefined,
      dump: undefined,
      savePoint: undefined,
      force: false,
    }),
    request: requestOf(wish, from, flags),
  });
  return runOne(target, operation);
}

/** @throws CommandError (2) for a point of an archive that the source has not */
function pointOf(
  { at, dump, savePoint, from }: RestoreDataFlags,
  { archive }: RestoreDataWish,
  { selector }: GuestSession,
  source: DataSource,
): RestorePoint {
  const { xid, point, timeline } = archive ?? {};
  const isArchived = source.kind === "postgres" && source.pointInTime !== undefined;
  // A day means the newest dump of it. A time to the minute is a point of the archive, where the cluster has one.
  const isTime = archive !== undefined && at !== undefined && !isWholeDay(at);
  if (xid !== undefined || point !== undefined || (isArchived && isTime && from === undefined)) {
    if (from !== undefined)
      throw usageError("--from names copies of dumps, which have no points of an archive", "leave --from out");
    if (!isArchived) throw noPointInTime(selector, source.name, "its settings have no pointInTime");
    return { kind: "archive", wish: wishOf({ at, xid, point }), timeline };
  }
  if (timeline !== undefined)
    throw usageError("--timeline goes with a point in time of an archive", "name one: --at, --xid or --point");
  if (at !== undefined) return { kind: "at", text: at };
  if (dump !== undefined) return { kind: "dump", name: dump };
  return savePoint === undefined ? { kind: "newest" } : { kind: "save-point", operation: savePoint };
}

/** @throws CommandError (2) */
function requireInPlace({ toGuest }: RestoreDataFlags): void {
  if (toGuest === undefined) return;
  throw usageError(
    "what comes from an archive is loaded in the guest of its cluster",
    "bring it back there under another name with --into; dump it, and restore that dump with --to-guest",
  );
}

/** The file of identities, which never leaves this machine. */
export function identityOf(
  { identity }: Pick<RestoreDataFlags, "identity">,
  { io }: Pick<CommandContext, "io">,
): string | undefined {
  const file = identity ?? io.environment[identityVariable];
  return file === undefined || file === "" ? undefined : resolve(io.workingDirectory, file);
}

function answersOf({ force, disconnect, acceptLoss, withoutSavePoint }: RestoreDataFlags) {
  return {
    "--force": force,
    "--disconnect": disconnect,
    "--accept-loss": acceptLoss,
    "--without-save-point": withoutSavePoint,
  };
}

/** What tells one request from another: which dump, and where it goes. */
function requestOf(wish: RestoreDataWish, { source }: SourcePlace, flags: RestoreDataFlags): Record<string, string> {
  const { at, dump, from, savePoint, into, toGuest, toSource, withoutSavePoint } = flags;
  const { xid, point, timeline } = wish.archive ?? {};
  const words = {
    at,
    dump,
    place: from,
    savePoint,
    xid,
    point,
    timeline: timeline?.toString(),
    into,
    toGuest,
    toSource,
    withoutSavePoint: withoutSavePoint?.toString(),
  };
  const given = Object.entries(words).flatMap(([key, word]) => (word === undefined ? [] : [[key, word] as const]));
  return { from: `${flags.guest}/${source.name}`, what: wish.what, ...Object.fromEntries(given) };
}

function commandOf(
  { words, behind, archive = {} }: RestoreDataWish,
  { selector }: GuestSession,
  flags: RestoreDataFlags,
): string {
  const { at, dump, from, savePoint, into, toGuest, toSource, identity, withoutSavePoint } = flags;
  const { xid, point, timeline } = archive;
  const values = {
    at,
    dump,
    from,
    "save-point": savePoint,
    xid,
    point,
    timeline: timeline?.toString(),
    into,
    "to-guest": toGuest,
    "to-source": toSource,
    identity,
  };
  const valued = Object.entries(values).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}`, value]));
  const answers = [
    ...(flags.disconnect ? ["--disconnect"] : []),
    ...(flags.acceptLoss ? ["--accept-loss"] : []),
    ...(typeof withoutSavePoint === "string" ? [`--without-save-point=${withoutSavePoint}`] : []),
    ...(withoutSavePoint === true ? ["--without-save-point"] : []),
    ...(flags.force ? ["--force"] : []),
  ];
  return [...words, selector, ...behind, ...valued, ...answers].map(shellQuote).join(" ");
}
