import * as z from "zod";
import { shellQuote } from "../machine/shell-quote";
import { inSettings } from "../recovery/engine/left-guest";
import { runOne } from "../recovery/engine/run-one";
import { type GuestSession, openSession } from "../recovery/engine/session";
import { named } from "../recovery/engine/shapes";
import { noPointInTime, pointInTimeOperation } from "../recovery/point-in-time/operation";
import { openPointInTime } from "../recovery/point-in-time/open-program";
import { pointInTimeShapes, undoPointInTimeShapes } from "../recovery/point-in-time/plan";
import { wishOf } from "../recovery/point-in-time/request";
import { undoPointInTime } from "../recovery/point-in-time/undo";
import { defineCommand } from "./frame/command";
import { archiveSchema } from "./frame/restore-data-flags";

const input = archiveSchema
  .extend({
    guest: z.string(),
    source: z.string(),
    at: z.string().optional(),
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

export const command = defineCommand({
  description:
    "Recovers a guest's PostgreSQL cluster, with all its databases, to a point in time: a time, the end of a transaction, or a point that pg_create_restore_point has named. The archive is searched for the point first; backup and WAL are brought beside the data directory and replayed there while the database runs on, so that a recovery that cannot succeed fails before anything is touched. Then they change places, and what was there is kept.",
  examples: [
    {
      command: "lifeboat restore point-in-time web shop --at '2026-11-22 13:29:15' --dry-run",
      meaning: "does the archive lead there?",
    },
    {
      command: "lifeboat restore point-in-time web shop --at '2026-11-22 13:29:15+01:00'",
      meaning: "show the plan, ask, recover",
    },
    {
      command: "lifeboat restore point-in-time web shop --xid 73812",
      meaning: "that transaction is the last one that is there",
    },
    {
      command:
        "lifeboat restore point-in-time web shop --point before-upgrade --database shop --query 'select count(*) from orders'",
      meaning: "ask what was recovered before it takes its place",
    },
    { command: "lifeboat restore point-in-time web shop --undo", meaning: "go back to what was there before" },
  ],
  arguments: [
    { name: "guest", description: "id, name, or environment/name", required: true },
    { name: "source", description: "of the settings, with pointInTime", required: true },
  ],
  options: [
    { flags: "--at <time>", description: "a time to the minute or better, in UTC or with its zone" },
    { flags: "--xid <number>", description: "a transaction; what it did is there" },
    { flags: "--point <name>", description: "a point that pg_create_restore_point has named" },
    { flags: "--timeline <number>", description: "which one is meant, where more than one has the point" },
    { flags: "--query <sql>", description: "ask what was recovered, before it takes its place; an error ends it" },
    { flags: "--database <name>", description: "for --query (default postgres)" },
    { flags: "--undo", description: "bring back what was there before the last recovery" },
    { flags: "--dry-run", description: "show the plan; change nothing" },
    { flags: "--force", description: "answer the plan's question with yes; implies none of the following" },
    { flags: "--whole-cluster", description: "all databases of the cluster go back, and connections end" },
  ],
  input,
  aim: ({ guest, source }) => `recover ${source} of ${guest}`,
  interrupt: "clean",
  prints: { ...pointInTimeShapes, ...named(undoPointInTimeShapes, "of --undo") },
  run: async (flags, context) => {
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
  },
});

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

function commandOf({ selector }: GuestSession, flags: z.output<typeof input>): string {
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
