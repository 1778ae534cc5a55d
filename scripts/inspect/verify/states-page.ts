import { formatMoment } from "../../../site/restore/moments";
import type { LostState } from "../../recovery/steps/state/lost-state";
import { localTimeZone } from "../../recovery/steps/state/choose-listed-point";
import { formatBytes } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import { green, red, yellow } from "../../terminal/text";
import type { CopyReport } from "./verify-copies";
import type { CheckedStates } from "./verify-state";

/** What checking the states of one stack found, where they live and in their copies. */
export type StackReport = { readonly environment: string; readonly copyPlaces: readonly CopyReport[] } & (
  | ({
      readonly where: string;
      /** The present state was there, and is not. */
      readonly lost: LostState | undefined;
    } & CheckedStates)
  | { readonly error: string }
);

/** Whether a stack has no state and never had one, as far as anybody can tell. */
export function holdsNothing({
  checked,
  bad,
  lost,
}: Pick<CheckedStates, "checked" | "bad"> & { readonly lost: unknown }): boolean {
  return checked + bad.length === 0 && lost === undefined;
}

export function printStack(stack: StackReport, lines: Lines): void {
  printStates(stack, lines);
  for (const copy of stack.copyPlaces) printCopy(copy, lines);
}

function printStates(stack: StackReport, lines: Lines): void {
  const { environment } = stack;
  if ("error" in stack) return lines.hanging([red("✗"), ` ${environment}: `], stack.error);
  const { lost } = stack;
  if (holdsNothing(stack)) return lines.line([yellow("-"), ` ${environment}: no state yet`]);
  const text = ` ${environment}: ${countText(stack)}`;
  lines.line(judgement(stack, lost === undefined, text));
  if (lost !== undefined) {
    lines.hanging("    ", `the present state is gone, though ${lost.why}; bring it back: ${lost.mend}`);
  }
  printBad(stack, "    ", lines);
}

function printCopy(copy: CopyReport, lines: Lines): void {
  const title = `  copy in ${copy.where}: `;
  if ("error" in copy) return lines.hanging(["  ", red("✗"), title.slice(1)], copy.error);
  const { problems, mend } = copy;
  const isWhole = problems.length === 0;
  lines.line(["  ", ...judgement(copy, isWhole, title.slice(1) + countText(copy))]);
  if (!isWhole) lines.hanging("      ", `${problems.join("; ")}; copy it again: ${mend}`);
  printBad(copy, "      ", lines);
}

function countText({ checked, copies, bytes }: CheckedStates): string {
  const more = copies === 0 ? "" : `, ${String(copies)} more ${copies === 1 ? "is a copy" : "are copies"} of these`;
  return `${String(checked)} states read (${formatBytes(bytes)})${more}`;
}

/** Green is only what was proven: secrets that nobody could try are neither good nor bad. */
function judgement({ bad, notOpened }: CheckedStates, isWhole: boolean, text: string) {
  if (bad.length > 0) return [red("✗"), text, `, ${String(bad.length)} ${bad.length === 1 ? "is" : "are"} bad:`];
  if (!isWhole) return [red("✗"), text];
  return notOpened.length === 0
    ? [green("✓"), text, ", all are good"]
    : [yellow("!"), text, ", none is bad as far as it could be tried: SECRETS WERE NOT TRIED"];
}

function printBad({ bad, notOpened }: CheckedStates, indent: string, lines: Lines): void {
  for (const { key, versionId, modified, problems } of bad) {
    const version = versionId === null ? "" : ` version ${versionId}`;
    const date = formatMoment(Math.floor(modified / 1_000), localTimeZone());
    lines.hanging(indent, `${key}${version} of ${date}: ${problems.join("; ")}`);
  }
  for (const why of notOpened) lines.hanging(`${indent}note: `, `not tried: ${why}`);
}
