import { formatMoment } from "../../../site/restore/moments";
import { formatAge, formatBytes } from "../../terminal/durations";
import { type Column, fitTable, type FlexibleColumn } from "../../terminal/fitted-table";
import type { ValueOf } from "../../terminal/shapes";
import type { Lines } from "../../terminal/talk";
import { dim, shorten, type Words, yellow } from "../../terminal/text";
import type { backupShape } from "./shape";

export type Backup = ValueOf<typeof backupShape>;

export function printBackups(backups: readonly Backup[], timeZone: string, lines: Lines): void {
  const columns: (Column<Backup> | FlexibleColumn<Backup>)[] = [
    { heading: dim(`DATE (${timeZone})`), cell: ({ time }) => formatMoment(time, timeZone) },
    { heading: dim("AGE"), cell: ({ ageSeconds }) => formatAge(ageSeconds), align: "right" },
    { heading: dim("SIZE"), cell: ({ size }) => (size === null ? "?" : formatBytes(size)), align: "right" },
    // The archive below begins with it.
    { heading: dim("STORAGE"), cell: ({ storage }) => storage, leaveOut: 1 },
    { heading: "", cell: markOf },
    { heading: dim("NOTES"), text: ({ notes }) => notes, readable: 40, shorten },
  ];
  lines.table(fitTable(backups, columns, lines.room), "", (row) => {
    const backup = backups[row - 1];
    if (backup === undefined) return;
    lines.line(dim(`  ${backup.archive}`));
    if (backup.doubt !== null) lines.hanging("  ", `doubtful: ${backup.doubt}`);
    if (backup.stranger !== null) lines.hanging("  ", `doubtful: ${backup.stranger}`);
  });
}

function markOf(backup: Backup): Words {
  const marks = [
    ...(backup.stranger === null ? [] : ["whose?"]),
    ...(backup.savePoint ? ["save point"] : []),
    ...(backup.protected ? ["protected"] : []),
    ...(backup.encrypted ? ["encrypted"] : []),
    ...(backup.verification?.state === "ok" ? ["verified"] : []),
  ];
  return yellow(marks.join(", "));
}
