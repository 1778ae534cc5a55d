import { formatMoment } from "../../../site/restore/moments";
import { changesText } from "../../../site/state/history-entry";
import { nameOf } from "../../../site/state/integrity";
import type { RestorePoint } from "../../../site/state/restore-points";
import { localTimeZone } from "../../recovery/steps/state/choose-listed-point";
import { updateWords } from "../../recovery/steps/state/points-view";
import { formatAge, formatBytes } from "../../terminal/durations";
import { type Column, fitTable, type FlexibleColumn } from "../../terminal/fitted-table";
import type { Lines } from "../../terminal/talk";
import { dim, green, red, shorten, type Words, yellow } from "../../terminal/text";

export function printPoints(points: readonly RestorePoint[], lines: Lines): void {
  const zone = localTimeZone();
  const now = Date.now();
  const columns: (Column<RestorePoint> | FlexibleColumn<RestorePoint>)[] = [
    { heading: dim("ID"), cell: ({ id }) => id },
    { heading: dim(`DATE (${zone})`), cell: ({ time }) => formatMoment(Math.floor(time / 1_000), zone) },
    {
      heading: dim("AGE"),
      cell: ({ time }) => formatAge(Math.max(0, now - time) / 1_000),
      align: "right",
      leaveOut: 3,
    },
    {
      heading: dim("SIZE"),
      cell: ({ state }) => (state === undefined ? "" : formatBytes(state.size)),
      align: "right",
      leaveOut: 2,
    },
    { heading: dim("SOURCE"), cell: ({ source }) => source, leaveOut: 1 },
    { heading: dim("RESULT"), cell: resultOf },
    {
      heading: dim("CHANGES"),
      cell: ({ update }) => (update === undefined ? "" : changesText(update.changes)),
      leaveOut: 4,
    },
    { heading: dim("WHAT"), text: whatOf, readable: 16, shorten },
  ];
  lines.table(fitTable(points, columns, lines.room), "", (row) => printWhy(points[row - 1], lines));
}

function resultOf({ status, present, update, foreign }: RestorePoint): Words {
  if (typeof foreign?.text === "string") return red(`${present ? "present, " : ""}foreign parts`);
  if (status === "complete") return present ? green("present") : (update?.result ?? "kept");
  const words = `${present ? "present, " : ""}${status}`;
  return status === "failed" ? yellow(words) : red(words);
}

function whatOf(point: RestorePoint): string {
  const { update } = point;
  if (update === undefined) return updateWords(point);
  return update.message === "" ? update.kind : `${update.kind}: ${update.message}`;
}

/** What is the matter with a point stands below it. */
function printWhy(point: RestorePoint | undefined, lines: Lines): void {
  const { text: foreign } = point?.foreign ?? {};
  if (typeof foreign === "string") lines.hanging("  ↳ ", `it is not restored: ${foreign}`, dim);
  if (point === undefined || point.status === "complete" || point.status === "failed") return;
  const pending = (point.pending ?? []).map(({ type, urn }) => `${type} ${nameOf(urn)}`).join(", ");
  lines.hanging("  ↳ ", `${point.why ?? ""}${pending === "" ? "" : `: ${pending}`}`, dim);
}
