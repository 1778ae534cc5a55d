import { type Block, table, text, warning } from "../../terminal/document/document";
import { formatBytes, formatDuration, formatMoment } from "../../terminal/durations";
import { rowsOr } from "./guest-tables";
import type { InventoryEnvironment } from "./inventory";
import { unknownWord } from "./words";

/** Dumps of databases and files in guests. */
export function dataBlocks(environment: InventoryEnvironment): Block[] {
  return rowsOr(
    ["SOURCE", "KIND", "HOW OFTEN", "NEWEST", "SIZE", "DUMPS", "KEPT", "ENCRYPTED", "FOLDER IN THE GUEST", "WAL"],
    environment.data.map((source) => {
      const { guest, kind, at, enabled, keep, encrypted, folder, pointInTime, unseen, newest, dumps } = source;
      const none = unseen === null && dumps !== null ? "none" : unknownWord;
      return [
        `${guest}/${source.source}`,
        kind,
        enabled ? `'${at}'` : "switched off",
        newest === null ? none : formatMoment(newest.time * 1_000),
        newest === null ? none : formatBytes(newest.bytes),
        dumps === null ? unknownWord : String(dumps),
        `${String(keep.daily)} daily, ${String(keep.weekly)} weekly, ${String(keep.monthly)} monthly`,
        encrypted ? "yes" : "no",
        folder,
        pointInTime ?? (kind === "postgres" ? "dumps alone" : ""),
      ];
    }),
  );
}

/** Copies of dumps in the bucket elsewhere. */
export function offsiteBlocks({ offsite, data }: InventoryEnvironment): Block[] {
  if (offsite === null) {
    const dumps = data.length === 0 ? "" : ": dumps lie in their guests, and in the backups of these";
    return [text(`The settings have none${dumps}.`)];
  }
  const { place, retentionSeconds, expireSeconds, unseen, copies } = offsite;
  const rule = `${place}: nobody can remove a copy for ${formatDuration(retentionSeconds)}; it is removed after ${formatDuration(expireSeconds)}.`;
  if (unseen !== null || copies === null) return [text(rule), warning(`${unknownWord}: ${unseen ?? "no answer"}`)];
  return [
    text(rule),
    ...rowsOr(
      ["SOURCE", "NEWEST COPY", "SIZE", "COPIES", "CHANGED SINCE"],
      copies.map(({ guest, source, newest, count, doubts }) => [
        `${guest}/${source}`,
        newest === null ? "none" : formatMoment(newest.time * 1_000),
        newest === null ? "none" : formatBytes(newest.bytes),
        String(count),
        doubts.length === 0 ? "no" : doubts.join("; "),
      ]),
    ),
  ];
}

/** The state of the stack, and its copies. */
export function stateBlocks(environment: InventoryEnvironment): Block[] {
  const { place, modified, unseen, damage, copies } = environment.state;
  if (place === null) return [warning(`${unknownWord}: ${unseen ?? "no answer"}`)];
  const rows = [
    ["state", place, unseen === null ? timeOf(modified) : unknownWord, unseen ?? damage ?? ""],
    ...copies.map((copy) => [
      copy.kind === "folder" ? "copy on this machine" : "copy elsewhere",
      copy.place,
      copy.unseen === null ? timeOf(copy.time) : unknownWord,
      copy.unseen ?? (copy.isOlder === true ? "the state has changed since" : ""),
    ]),
  ];
  return [table(["WHAT", "PLACE", "OF", "REMARK"], rows)];
}

function timeOf(milliseconds: number | null): string {
  return milliseconds === null ? "none" : formatMoment(milliseconds);
}
