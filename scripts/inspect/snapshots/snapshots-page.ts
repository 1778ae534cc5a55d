import { formatMoment } from "../../../site/restore/moments";
import { formatAge } from "../../terminal/durations";
import { type Column, fitTable, type FlexibleColumn } from "../../terminal/fitted-table";
import type { ValueOf } from "../../terminal/shapes";
import type { Lines } from "../../terminal/talk";
import { dim, red, shorten, type Words } from "../../terminal/text";
import type { snapshotShape } from "./shape";

export type Snapshot = ValueOf<typeof snapshotShape>;

export function printSnapshots(snapshots: readonly Snapshot[], timeZone: string, lines: Lines): void {
  const columns: (Column<Snapshot> | FlexibleColumn<Snapshot>)[] = [
    { heading: dim("NAME"), cell: ({ name }) => name },
    { heading: dim(`DATE (${timeZone})`), cell: ({ time }) => (time === null ? "" : formatMoment(time, timeZone)) },
    {
      heading: dim("AGE"),
      cell: ({ ageSeconds }) => (ageSeconds === null ? "" : formatAge(ageSeconds)),
      align: "right",
    },
    { heading: dim("MADE BY"), cell: kindOf },
    { heading: dim("DESCRIPTION"), text: ({ description }) => description, readable: 8, shorten },
  ];
  lines.table(fitTable(snapshots, columns, lines.room));
}

function kindOf({ kind, incomplete }: Snapshot): Words {
  return incomplete ? red("broken off") : kind;
}
