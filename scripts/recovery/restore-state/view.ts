import { counted } from "../../terminal/text";
import { formatMoment } from "../../../site/restore/moments";
import { nameOf } from "../../../site/state/integrity";
import type { RestorePoint } from "../../../site/state/restore-points";
import type { ChangedInput, StateDiff } from "../../../site/state/state-diff";
import { formatAgo, formatDuration } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import type { Journal } from "../engine/journal";
import type { Report } from "../engine/operation";
import { printFinding } from "../engine/print-finding";
import type { Finding } from "../engine/step";
import { localTimeZone } from "../steps/state/choose-listed-point";
import { pointForScripts, updateWords } from "../steps/state/points-view";
import type { PlannedStateRestore } from "./make-plan";
import type { RestoreStatePlan } from "./plan";

/** Resources that are listed one by one; of more the number is told. */
const listed = 30;

/** The plan for people and scripts. */
export function stateRestoreView(
  { environment, where, present }: RestoreStatePlan,
  { point, diff, remarks }: PlannedStateRestore,
): Report {
  const kept = present?.kept ?? null;
  return {
    value: { environment, where, point: pointForScripts(point), difference: diff ?? null, remarks, kept },
    print: (lines) => {
      const date = formatMoment(point.time / 1_000, localTimeZone());
      const age = formatAgo(Math.max(0, Date.now() - point.time) / 1_000);
      lines.heading(`Plan: make ${point.id} of ${date} (${age}) the state of ${environment}`);
      lines.hanging("  is: ", `${updateWords(point)}; ${counted(point.resources ?? 0, "resource")}`);
      if (point.why !== undefined) lines.hanging("  mark: ", `${point.status}: ${point.why}`);
      for (const { type, urn } of point.pending ?? []) lines.hanging("  look: ", `it was ${type} ${nameOf(urn)}`);
      if (diff !== undefined) printDifference(diff, lines);
      for (const remark of remarks) lines.hanging("  note: ", remark);
      const wayBack =
        kept === null ? "none: there is no present state" : `${kept.id}, the present state, which is kept`;
      lines.hanging("  way back: ", wayBack);
    },
  };
}

/** The point is the present state. */
export function alreadyPresent(environment: string, point: RestorePoint): Report {
  return {
    value: { environment, point: pointForScripts(point) },
    print: (lines) => lines.line(`${point.id} is the state of ${environment} already.`),
  };
}

/** What differs, seen from the present state. */
function printDifference({ added, removed, changed, same }: StateDiff, lines: Lines): void {
  const items = [
    ...removed.map((resource) => `- ${words(resource)}: Pulumi knows it no more`),
    ...added.map((resource) => `+ ${words(resource)}: Pulumi takes it as there`),
    ...changed.map(
      ({ idFrom, inputs, ...resource }) =>
        `~ ${words(resource)}: ${[...(idFrom === undefined ? [] : [`id ${idFrom} becomes ${resource.id ?? "none"}`]), ...inputs.map(inputWords)].join("; ")}`,
    ),
  ];
  for (const item of items.slice(0, listed)) lines.hanging("  ", item);
  if (items.length > listed) lines.line(`  … and ${String(items.length - listed)} more (--json lists them all)`);
  lines.line(`  ${String(same)} ${same === 1 ? "resource is" : "resources are"} the same in both`);
}

function words({ name, type, id }: { readonly name: string; readonly type: string; readonly id?: string }): string {
  return `${name} (${type}${id === undefined ? "" : ` ${id}`})`;
}

function inputWords({ name, from, to, secret }: ChangedInput): string {
  if (secret) return `${name} is another secret`;
  if (from === undefined || to === undefined) return `${name} differs`;
  return `${name} ${from} becomes ${to}`;
}

/** What a restore did. */
export function stateRestoreReport(
  { environment, where, point, present }: RestoreStatePlan,
  { seconds }: Journal,
  findings: readonly Finding[],
): Report {
  const kept = present?.kept ?? null;
  const undo = kept === null ? null : `lifeboat restore state ${environment} --to ${kept.id}`;
  return {
    value: { environment, where, point: point.id, time: point.time, kept, undo },
    print: (lines) => {
      const date = formatMoment(point.time / 1_000, localTimeZone());
      lines.heading(`${point.id} of ${date} is the state of ${environment}, in ${formatDuration(seconds)}`);
      for (const finding of findings) printFinding(finding, lines);
      if (kept === null || undo === null) return;
      lines.hanging("Kept: ", `the state before, as restore point ${kept.id} and in ${kept.file}`);
      lines.line(`To go back to it: ${undo}`);
    },
  };
}
