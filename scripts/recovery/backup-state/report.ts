import { CommandError } from "../../terminal/command-error";
import { formatBytes } from "../../terminal/durations";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Lines, Talk } from "../../terminal/talk";
import { dim, green, red, type Styled } from "../../terminal/text";
import type { CopyPlace } from "../steps/state/copies/copy-places";
import { allCopied, type EnvironmentCopy } from "../steps/state/copies/copy-states";
import { differingText } from "../steps/state/send-objects";
import type { copiesShape } from "./shape";

export interface CopyRequest {
  /** The environments that were named; none: all of them. */
  readonly environments: readonly string[];
  /** Names of those whose settings are wrong. */
  readonly unusable: readonly string[];
  readonly dryRun: boolean;
}

/** What became of the copies, or would become of them. @throws CommandError (10) where what was named has no state yet */
export function copyReport(copies: readonly EnvironmentCopy[], to: CopyPlace, request: CopyRequest) {
  const { dryRun, unusable } = request;
  const exitCode = exitCodeOf(copies, request);
  const value: ValueOf<typeof copiesShape> = {
    exitCode,
    to: to.name,
    dryRun,
    copies: copies.map(forScripts),
    unusable,
  };
  return {
    value,
    print: (lines: Lines) => print(copies, to, dryRun, lines),
    exitCode,
    remark: (talk: Talk) => {
      for (const name of unusable) talk.warning(`${name} was left out: its settings are wrong (lifeboat doctor)`);
    },
  };
}

/** What failed decides only when nothing was copied. */
function exitCodeOf(copies: readonly EnvironmentCopy[], { environments, unusable }: CopyRequest): ExitCode {
  const failed = copies.flatMap(({ result }) => (result.kind === "failed" ? [result.failure] : []));
  const [first] = failed;
  if (first !== undefined && failed.length === copies.length) return first.exitCode;
  if (environments.length > 0 && copies.every(({ result }) => result.kind === "empty")) {
    throw new CommandError("there is no state yet", {
      exitCode: exitCodes.nothing,
      hint: `the first deployment makes it: lifeboat up ${environments.join(" ")}`,
    });
  }
  return allCopied(copies) && unusable.length === 0 ? exitCodes.done : exitCodes.partly;
}

function forScripts({ environment, from, result }: EnvironmentCopy): ValueOf<typeof copiesShape>["copies"][number] {
  const base = { environment, from: from ?? null };
  switch (result.kind) {
    case "copied":
      return {
        ...base,
        outcome: "copied",
        objects: result.objects,
        differing: [...result.differing],
        copy: result.marker,
        unreadable: [...result.unreadable],
      };
    case "planned":
      return {
        ...base,
        outcome: "planned",
        objects: result.objects,
        differing: [...result.differing],
        state: result.state,
      };
    case "kept":
      return { ...base, outcome: "kept", why: result.why };
    case "failed":
      return { ...base, outcome: "failed", why: result.failure.message, hint: result.failure.hint ?? null };
    case "empty":
      return { ...base, outcome: "empty" };
  }
}

function print(copies: readonly EnvironmentCopy[], to: CopyPlace, dryRun: boolean, lines: Lines): void {
  lines.heading(`${dryRun ? "Would copy" : "Copies"} to ${to.name}`);
  for (const { environment, result } of copies) {
    const [mark, text, hint] = describe(result);
    lines.hanging(["  ", mark, ` ${environment}: `], text);
    if (hint !== undefined) lines.hanging(["      ", dim("→ ")], hint, dim);
    const differing = "differing" in result ? result.differing : [];
    if (differing.length === 0) continue;
    lines.hanging(["  ", red("✗"), ` ${environment}: `], differingText(differing, "the store", "the copy"));
    lines.hanging(["      ", dim("→ ")], `whether the store's are sound: lifeboat verify --state ${environment}`, dim);
  }
}

function describe(result: EnvironmentCopy["result"]): [mark: Styled, text: string, hint?: string | undefined] {
  switch (result.kind) {
    case "copied": {
      const { checkpoint, update, duringUpdate } = result.marker;
      const last = update === undefined ? "" : `, after ${update.kind} (${update.result})`;
      const during = duringUpdate ? "; AN UPDATE WAS AT WORK: it may be from its middle" : "";
      const size = formatBytes(checkpoint.size);
      const text = `${size}${last}, ${String(result.objects)} new objects of its history${during}`;
      const { unreadable } = result;
      if (unreadable.length === 0) return [green("✓"), text];
      return [red("✗"), `${text}; ${String(unreadable.length)} cannot be read: ${unreadable.join(", ")}`];
    }
    case "planned":
      return [dim("-"), `${result.state ? "the state, " : ""}${String(result.objects)} new objects of its history`];
    case "kept":
      return [red("✗"), result.why, result.hint];
    case "failed":
      return [red("✗"), result.failure.message, result.failure.hint];
    case "empty":
      return [dim("-"), "has no state yet"];
  }
}
