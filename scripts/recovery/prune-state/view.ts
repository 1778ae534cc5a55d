import { counted } from "../../terminal/text";
import { formatMoment } from "../../../site/restore/moments";
import { formatBytes, formatDuration } from "../../terminal/durations";
import type { Journal } from "../engine/journal";
import type { Report } from "../engine/operation";
import { printFinding } from "../engine/print-finding";
import type { Finding } from "../engine/step";
import { localTimeZone } from "../steps/state/choose-listed-point";
import type { PruneStatePlan } from "./plan";

const expiryText =
  "The bucket keeps versions: what was removed can still be listed with --versions, and its space comes back when old versions expire.";

/** The plan for people and scripts. */
export function pruneView(plan: PruneStatePlan, keepText: string): Report {
  const { environment, updates, backups, saved, spared, oldest, bytes, remove, versioned } = plan;
  return {
    value: { ...plan },
    print: (lines) => {
      lines.heading(`Plan: prune the history of ${environment} (keep ${keepText})`);
      lines.table(
        [
          ["", "goes", "stays"],
          ["updates (entry and checkpoint)", String(updates.remove), String(updates.keep)],
          ["Pulumi's copies", String(backups.remove), String(backups.keep)],
          ["saved by Lifeboat", String(saved.remove), String(saved.keep)],
        ],
        "  ",
      );
      lines.line(`  ${formatBytes(bytes)} in ${counted(remove.length, "object")}`);
      if (oldest !== undefined) {
        lines.line(`  oldest update that stays: ${formatMoment(Math.floor(oldest / 1_000), localTimeZone())}`);
      }
      if (spared > 0) {
        const why = "the present state, the newest updates that ended well, or what a clock that was off has named";
        lines.hanging("  note: ", `${String(spared)} older stay: ${why}`);
      }
      if (versioned) lines.hanging("  note: ", expiryText);
    },
  };
}

/** Nothing is old enough. */
export function nothingToPrune(plan: PruneStatePlan, keepText: string): Report {
  const { environment, updates } = plan;
  const text = `Nothing of ${environment} is older than ${keepText} allows: ${counted(updates.keep, "update stays", "updates stay")}.`;
  return { value: { ...plan }, print: (lines) => lines.line(text) };
}

/** What was removed. */
export function pruneReport(plan: PruneStatePlan, { seconds }: Journal, findings: readonly Finding[]): Report {
  return {
    value: { ...plan },
    print: (lines) => {
      const what = findings.length === 0 ? countsText(plan) : "what could still go";
      lines.heading(`Removed ${what} of ${plan.environment}, in ${formatDuration(seconds)}`);
      for (const finding of findings) printFinding(finding, lines);
      if (plan.versioned) lines.line(expiryText);
    },
  };
}

/** What goes, by what it is. */
export function countsText({ updates, backups, saved }: PruneStatePlan): string {
  const copies = counted(backups.remove, "copy", "copies");
  return `${counted(updates.remove, "update")}, ${copies} and ${counted(saved.remove, "saved state")}`;
}
