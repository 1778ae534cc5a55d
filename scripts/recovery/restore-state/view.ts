import { formatMoment } from "../../../site/restore/moments";
import { nameOf } from "../../../site/state/integrity";
import type { RestorePoint } from "../../../site/state/restore-points";
import type { ChangedInput, StateDiff } from "../../../site/state/state-diff";
import { formatAgo, formatDuration } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import { flagOf } from "../engine/consent";
import type { Journal } from "../engine/journal";
import type { Finding, Step } from "../engine/step";
import { localTimeZone } from "../steps/state/choose-listed-point";
import type { PlannedStateRestore } from "./make-plan";
import { pointForScripts, type PointForScripts, updateWords } from "../steps/state/points-view";
import type { RestoreStatePlan } from "./plan";
import { printFinding } from "../engine/print-finding";

/** A plan for people and scripts. */
export interface StateRestoreView {
  readonly environment: string;
  readonly where: string;
  readonly point: PointForScripts;
  readonly difference: StateDiff | null;
  readonly remarks: readonly string[];
  readonly kept: { readonly id: string; readonly key: string; readonly file: string } | null;
  readonly steps: readonly string[];
  /** Flags that answer everything that will be asked. */
  readonly flags: readonly string[];
}

/** Resources that are listed one by one; of more the number is told. */
const listed = 30;

export function viewOf(
  plan: RestoreStatePlan,
  { point, diff, remarks, demands }: PlannedStateRestore,
  steps: readonly Step[],
): StateRestoreView {
  return {
    environment: plan.environment,
    where: plan.where,
    point: pointForScripts(point),
    difference: diff ?? null,
    remarks,
    kept: plan.present?.kept ?? null,
    steps: steps.map(({ does }) => does),
    flags: demands.map(flagOf),
  };
}

export function printStatePlan(view: StateRestoreView, point: RestorePoint, lines: Lines): void {
  const date = formatMoment(point.time / 1_000, localTimeZone());
  const age = formatAgo(Math.max(0, Date.now() - point.time) / 1_000);
  lines.heading(`Plan: make ${point.id} of ${date} (${age}) the state of ${view.environment}`);
  lines.hanging("  is: ", `${updateWords(point)}; ${String(point.resources ?? 0)} resources`);
  if (point.why !== undefined) lines.hanging("  mark: ", `${point.status}: ${point.why}`);
  for (const { type, urn } of point.pending ?? []) lines.hanging("  look: ", `it was ${type} ${nameOf(urn)}`);
  if (view.difference !== null) printDifference(view.difference, lines);
  for (const remark of view.remarks) lines.hanging("  note: ", remark);
  const { kept } = view;
  lines.hanging(
    "  way back: ",
    kept === null ? "none: there is no present state" : `${kept.id}, the present state, which is kept`,
  );
  lines.line("Steps:");
  for (const step of view.steps) lines.hanging("  - ", step);
  lines.hanging("Flags that answer all questions: ", view.flags.join(" "));
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

/** What a restore did, for people and scripts. */
export interface StateRestoreReport {
  readonly environment: string;
  readonly where: string;
  readonly point: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly kept: { readonly id: string; readonly key: string; readonly file: string } | null;
  /** Command that goes back. */
  readonly undo: string | null;
  readonly seconds: number;
  readonly findings: readonly Finding[];
  readonly operation: string;
}

export function reportOf(plan: RestoreStatePlan, journal: Journal, findings: readonly Finding[]): StateRestoreReport {
  const kept = plan.present?.kept;
  return {
    environment: plan.environment,
    where: plan.where,
    point: plan.point.id,
    time: plan.point.time,
    kept: kept ?? null,
    undo: kept === undefined ? null : `lifeboat restore state ${plan.environment} --to ${kept.id}`,
    seconds: journal.seconds,
    findings,
    operation: journal.contents.id,
  };
}

export function printStateReport(report: StateRestoreReport, lines: Lines): void {
  const { environment, point, time, kept, undo, seconds, findings } = report;
  const date = formatMoment(time / 1_000, localTimeZone());
  lines.heading(`${point} of ${date} is the state of ${environment}, in ${formatDuration(seconds)}`);
  for (const finding of findings) printFinding(finding, lines);
  if (kept === null || undo === null) return;
  lines.hanging("Kept: ", `the state before, as restore point ${kept.id} and in ${kept.file}`);
  lines.line(`To go back to it: ${undo}`);
}
