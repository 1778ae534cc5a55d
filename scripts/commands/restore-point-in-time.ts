import { named } from "../recovery/engine/shapes";
import { pointInTimeShapes, undoPointInTimeShapes } from "../recovery/point-in-time/plan";
import { defineCommand } from "./frame/command";
import { pointInTimeSchema, recoverToPoint } from "./frame/point-in-time-flags";

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
  input: pointInTimeSchema,
  aim: ({ guest, source }) => `recover ${source} of ${guest}`,
  interrupt: "clean",
  prints: { ...pointInTimeShapes, ...named(undoPointInTimeShapes, "of --undo") },
  run: recoverToPoint,
});
