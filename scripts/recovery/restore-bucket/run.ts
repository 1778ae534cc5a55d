import { plainText } from "../../../proxmox/api/plain-text";
import type { CommandContext } from "../../project/context";
import { type ChosenMirror, openBucket, openFarMirror } from "../../project/mirrored-buckets";
import { copiedSince } from "../../terminal/copied";
import { formatBytes, formatDuration } from "../../terminal/durations";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { Lines } from "../../terminal/talk";
import { green, red, yellow } from "../../terminal/text";
import { type Demand, flagOf, type GivenAnswers } from "../engine/consent";
import { printFlags } from "../engine/plan-view";
import { confirm, forceFlag } from "../engine/settle-demands";
import { planBucket, type PlannedBucket, type RestoredBucket, restoreBucket } from "./restore";

/** What was asked for. */
export interface RestoreBucketRequest {
  readonly mirror: ChosenMirror;
  readonly at: string | undefined;
  /** Another bucket of the same service. */
  readonly into: string | undefined;
  readonly dryRun: boolean;
  readonly given: GivenAnswers;
}

export const acceptLossFlag = "--accept-loss";

/** Plans, shows, asks, writes, and looks. @throws CommandError (1, 2, 10, 12, 13), StoreError */
export async function runRestoreBucket(request: RestoreBucketRequest, context: CommandContext): Promise<ExitCode> {
  const { signal, progress, output } = context;
  const { mirror, dryRun } = request;
  const far = await openFarMirror(mirror, signal);
  const target = await openBucket(mirror, request.into, signal);
  const planned = await progress.step(`Look at both buckets`, () => planBucket(far, target, request.at));
  const about = aboutOf(mirror, target.place, planned);
  const put = sumOf(planned);
  const named = { target: target.place, selector: mirror.selector };
  if (dryRun) {
    const plan = { ...about, put, keepsVersions: planned.keepsVersions };
    output.result({ plan }, (lines) => {
      printPlan(planned, named, lines);
      printFlags(demandsOf(planned, target.place).map(flagOf), lines);
    });
    return exitCodes.done;
  }
  if (planned.plan.versions.length > 0) {
    printPlan(planned, named, context.talk);
    await confirm(demandsOf(planned, target.place), request.given, context);
  }
  const restored = await progress.step(`Restore ${mirror.selector}`, (update) =>
    restoreBucket(planned, far, target, { signal, onBytes: copiedSince(put.bytes, update) }),
  );
  const isWhole = restored.failed.length === 0 && planned.plan.unread.length === 0;
  const exitCode = isWhole ? exitCodes.done : exitCodes.partly;
  const { versions, bytes, failed } = restored;
  output.result({ exitCode, ...about, put: { versions, bytes }, failed }, (lines) =>
    printReport(planned, restored, named, lines),
  );
  return exitCode;
}

function aboutOf({ selector }: ChosenMirror, into: string, { list, plan, later }: PlannedBucket) {
  const { whole, same, others, unread } = plan;
  const { name, time, doubts } = list;
  return { bucket: selector, into, list: name, time, doubts, later, whole, same, others, unread };
}

function sumOf({ plan: { versions } }: PlannedBucket) {
  return {
    versions: versions.length,
    bytes: versions.reduce((sum, { content }) => sum + (content?.bytes ?? 0), 0),
    over: versions.filter(({ over }) => over === "other").length,
  };
}

function demandsOf(planned: PlannedBucket, target: string): Demand[] {
  const { versions, over } = sumOf(planned);
  const replaced = `${String(over)} objects of ${target} are replaced, and it keeps no versions of them`;
  return [
    {
      flag: forceFlag,
      reason: "the plan is not confirmed",
      question: `Put ${String(versions)} versions into ${target}?`,
    },
    ...(over > 0 && !planned.keepsVersions
      ? [{ flag: acceptLossFlag, reason: replaced, question: `${replaced}. Lose what is there?` }]
      : []),
  ];
}

interface Named {
  readonly target: string;
  readonly selector: string;
}

function printPlan(planned: PlannedBucket, { target, selector }: Named, lines: Lines): void {
  const { list, plan, keepsVersions } = planned;
  const { versions, bytes, over } = sumOf(planned);
  const age = formatDuration(Math.max(0, (Date.now() - list.time) / 1_000));
  lines.heading(`Plan: restore the bucket ${selector} into ${target}`);
  lines.hanging("  ", `as it was at ${list.name}, ${age} ago`);
  for (const doubt of list.doubts) lines.hanging([yellow("  doubtful: ")], doubt);
  for (const name of planned.later) {
    lines.hanging([yellow("  not chosen: ")], `the list ${name} is dated later than this machine's clock`);
  }
  const what = plan.whole ? "every version of every object, in its order: the bucket is empty" : "what a read got then";
  lines.hanging("  put: ", `${String(versions)} (${formatBytes(bytes)}), ${what}`);
  lines.hanging("  there already: ", String(plan.same));
  if (over > 0 && keepsVersions)
    lines.hanging("  replaced: ", `${String(over)}; what is there stays as an older version`);
  if (over > 0 && !keepsVersions)
    lines.hanging([red("  lost for good: ")], `${String(over)}: the bucket keeps no versions`);
  if (plan.others > 0) lines.hanging("  kept: ", `${String(plan.others)} objects that the list does not have`);
  printMissing("never mirrored", plan.unread, lines);
}

function printReport(
  { plan }: PlannedBucket,
  { versions, bytes, failed }: RestoredBucket,
  { target, selector }: Named,
  lines: Lines,
): void {
  const isWhole = failed.length === 0 && plan.unread.length === 0;
  const text = `${String(versions)} versions (${formatBytes(bytes)}) came back into ${target}, ${String(plan.same)} were there`;
  lines.hanging([isWhole ? green("✓") : red("✗"), ` ${selector}: `], text);
  printMissing("did not come back", failed, lines);
  printMissing("never mirrored", plan.unread, lines);
}

/** Names of objects that are shown. */
const shown = 5;

function printMissing(
  what: string,
  objects: readonly { readonly key: string; readonly why: string }[],
  lines: Lines,
): void {
  for (const { key, why } of objects.slice(0, shown))
    lines.hanging([yellow(`  ${what}: `)], `${plainText(key)}: ${why}`);
  if (objects.length > shown) lines.line(`  and ${String(objects.length - shown)} more (--json names them)`);
}
