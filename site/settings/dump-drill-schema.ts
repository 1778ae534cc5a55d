import type { DumpDrill } from "./data";
import { at, type Finding, isMapping, mapping, optional, type Schema, text, value } from "./schema-tools";
import { durationFormat, parseDuration } from "./values/durations";

const answer = value("an answer", "one line, such as t or 42", (raw) => {
  const line = typeof raw === "number" ? String(raw) : raw;
  return typeof line === "string" && line.length <= 1000 && /^[^\p{Cc}]+$/u.test(line) ? line : undefined;
});

const age = value("a duration", `${durationFormat}; at least 1h`, (raw) => {
  const seconds = parseDuration(raw);
  return seconds !== undefined && seconds >= 3_600 ? seconds : undefined;
});

/** `drill` of a source of databases. */
export const dumpDrillSchema: Schema<DumpDrill> = mapping({
  /** The database that is asked. */
  database: text("a name", "a name of at most 255 characters on one line", /^[^\p{Cc}]+$/u),
  /** SQL that only such a database answers rightly, such as `SELECT count(*) > 1000 FROM orders`; without the database's own name. */
  query: text("a query", "one line of SQL, at most 4000 characters", /^(?=.*\S)[^\p{Cc}]+$/u, 4000),
  /** What it has to answer: one row, its columns parted by `|`. PostgreSQL says `t` for true, MariaDB `1`. */
  expect: answer,
  /** How old the last drill may be before it is an alert. Default: 35d. */
  maxAge: optional(age),
}).transform(({ maxAge = 35 * 86_400, ...asked }) => ({ ...asked, maxAge }));

/** A drill of a database that is in no dump would never be held. */
export function databaseIsDumped(raw: unknown): Finding[] {
  const databases = at(raw, "databases");
  const drill = at(raw, "drill");
  const database = at(drill, "database");
  if (!Array.isArray(databases) || !isMapping(drill) || databases.includes(database)) return [];
  return [{ path: ["drill", "database"], message: "is in no dump of this source", allowed: "one of databases" }];
}
