import * as z from "zod";
import { shellQuote } from "../../machine/shell-quote";
import type { CommandContext } from "../../project/context";
import { inSettings } from "../../recovery/engine/left-guest";
import { runOne } from "../../recovery/engine/run-one";
import { type GuestSession, openSession } from "../../recovery/engine/session";
import { openPointInTime } from "../../recovery/point-in-time/open-program";
import { noPointInTime, pointInTimeOperation } from "../../recovery/point-in-time/operation";
import { wishOf } from "../../recovery/point-in-time/request";
import { undoPointInTime } from "../../recovery/point-in-time/undo";
import type { ExitCode } from "../../terminal/exit-codes";
import { instantFlag } from "./moment-flag";
import { archiveSchema } from "./restore-data-flags";

/** Input of `lifeboat restore point-in-time`. */
export const pointInTimeSchema = archiveSchema
  .extend({
    guest: z.string(),
    source: z.string(),
    at: instantFlag.optional(),
    query: z.string().min(1).optional(),
    database: z.string().min(1).default("postgres"),
    undo: z.boolean().default(false),
    dryRun: z.boolean().default(false),
    force: z.boolean().default(false),
    wholeCluster: z.boolean().default(false),
  })
  .refine(
    ({ at, xid, point, undo }) => [at, xid, point, undo || undefined].filter((one) => one !== undefined).length === 1,
    {
      error: "exactly one of --at, --xid, --point and --undo is given",
    },
  );

export type PointInTimeFlags = z.output<typeof pointInTimeSchema>;

/** Runs the recovery that a command line asks for. @throws CommandError (2, 10, 11, 12, 13, 14) */
export async function recoverToPoint(flags: PointInTimeFlags, context: CommandContext): Promise<ExitCode> {
  const session = await inSettings([flags.guest], context, () => openSession(flags.guest, context, flags.dryRun));
  const program = programOf(session, flags.source);
  const given = { "--force": flags.force, "--whole-cluster": flags.wholeCluster };
  const command = commandOf(session, flags);
  if (flags.undo) return undoPointInTime(session, { source: flags.source, program, given, command });
  const { query, database } = flags;
  const question = query === undefined ? undefined : { sql: query, database };
  const request = {
    source: flags.source,
    wish: wishOf(flags),
    timeline: flags.timeline,
    question,
    program,
    given,
    command,
  };
  return runOne(session, pointInTimeOperation(session, request));
}

/** @throws CommandError (2) */
function programOf(session: GuestSession, name: string) {
  const { guest, selector } = session;
  const source = guest.data.find((one) => one.name === name);
  if (source === undefined) throw noPointInTime(selector, name, "the settings have no such source");
  if (source.kind !== "postgres") throw noPointInTime(selector, name, `it is of kind ${source.kind}`);
  if (source.pointInTime === undefined) throw noPointInTime(selector, name, "its settings have no pointInTime");
  let opened: ReturnType<typeof openPointInTime> | undefined;
  return () => (opened ??= openPointInTime(session, source));
}

function commandOf({ selector }: GuestSession, flags: PointInTimeFlags): string {
  const { at, xid, point, timeline, query, database } = flags;
  const values = {
    at,
    xid,
    point,
    timeline: timeline?.toString(),
    query,
    ...(query === undefined ? {} : { database }),
  };
  const words = Object.entries(values).flatMap(([name, word]) => (word === undefined ? [] : [`--${name}`, word]));
  const answers = [
    ...(flags.undo ? ["--undo"] : []),
    ...(flags.wholeCluster ? ["--whole-cluster"] : []),
    ...(flags.force ? ["--force"] : []),
  ];
  return ["lifeboat", "restore", "point-in-time", selector, flags.source, ...words, ...answers]
    .map(shellQuote)
    .join(" ");
}
