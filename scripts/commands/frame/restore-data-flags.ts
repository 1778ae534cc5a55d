import { resolve } from "node:path";
import * as z from "zod";
import type { DumpItem } from "../../../site/data/manifest";
import { shellQuote } from "../../machine/shell-quote";
import type { CommandContext } from "../../project/context";
import { inSettings } from "../../recovery/engine/left-guest";
import { runOne } from "../../recovery/engine/run-one";
import { type GuestSession, openSession } from "../../recovery/engine/session";
import type { DumpShelf } from "../../recovery/restore-data/dump-shelf";
import { findSource, type SourceKind, targetSource } from "../../recovery/restore-data/find-source";
import { offsiteShelf } from "../../recovery/restore-data/offsite-shelf";
import { guestShelf } from "../../recovery/restore-data/guest-shelf";
import { restoreDataOperation } from "../../recovery/restore-data/operation";
import type { RestorePoint, SourcePlace } from "../../recovery/restore-data/request";
import type { ExitCode } from "../../terminal/exit-codes";
import type { KnownOption } from "../../terminal/known-command";

/** Variable that names the file of age identities, where no flag does. */
const identityVariable = "LIFEBOAT_AGE_IDENTITY_FILE";

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
  {
    flags: "--identity <file>",
    description: `age identities that open an encrypted dump, on this machine (default: ${identityVariable})`,
  },
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
  at: z.string().optional(),
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

/** One way at a time says which dump is meant. */
export function namesOnePoint({ at, dump, savePoint }: RestoreDataFlags): boolean {
  return [at, dump, savePoint].filter((one) => one !== undefined).length < 2;
}

export const onePointOnly = { error: "--at, --dump and --save-point exclude each other" };

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
  const operation = restoreDataOperation(target, {
    from,
    to,
    shelf: shelfOf(from),
    what: wish.what,
    isWanted: wish.isWanted,
    names: wish.names,
    point: pointOf(flags),
    into: flags.into,
    identity: identityOf(flags, context),
    given: answersOf(flags),
    command: commandOf(wish, origin, flags),
    plain: commandOf(wish, origin, { ...flags, at: undefined, dump: undefined, savePoint: undefined, force: false }),
    request: requestOf(wish, from, flags),
  });
  return runOne(target, operation);
}

function pointOf({ at, dump, savePoint }: RestoreDataFlags): RestorePoint {
  if (at !== undefined) return { kind: "at", text: at };
  if (dump !== undefined) return { kind: "dump", name: dump };
  return savePoint === undefined ? { kind: "newest" } : { kind: "save-point", operation: savePoint };
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
  const words = {
    at,
    dump,
    place: from,
    savePoint,
    into,
    toGuest,
    toSource,
    withoutSavePoint: withoutSavePoint?.toString(),
  };
  const given = Object.entries(words).flatMap(([key, word]) => (word === undefined ? [] : [[key, word] as const]));
  return { from: `${flags.guest}/${source.name}`, what: wish.what, ...Object.fromEntries(given) };
}

function commandOf({ words, behind }: RestoreDataWish, { selector }: GuestSession, flags: RestoreDataFlags): string {
  const { at, dump, from, savePoint, into, toGuest, toSource, identity, withoutSavePoint } = flags;
  const values = {
    at,
    dump,
    from,
    "save-point": savePoint,
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
