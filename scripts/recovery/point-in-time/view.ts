import { timeText } from "../../../site/data/point-in-time/choose";
import { formatBytes, formatDuration } from "../../terminal/durations";
import type { Journal } from "../engine/journal";
import type { Report } from "../engine/operation";
import { printFinding } from "../engine/print-finding";
import type { Finding } from "../engine/step";
import { wishText } from "./locate";
import type { PointInTimePlan } from "./plan";
import { keptFolder, provePath, replayPath } from "./steps";

/** The plan for people and scripts. */
export function pointInTimeView(plan: PointInTimePlan): Report {
  const { environment, guest, source, cluster, timeline, reached, backup, running, data } = plan;
  const target = wishText(plan.wish);
  return {
    value: {
      guest: `${environment}/${guest}`,
      source,
      cluster,
      target,
      timeline,
      backup: backup.label,
      backupTime: backup.stop,
      bytes: backup.bytes,
      reached,
      running,
    },
    print: (lines) => {
      lines.heading(`Plan: recover PostgreSQL ${cluster} of ${environment}/${guest} to ${target}`);
      lines.hanging(
        "  from: ",
        `backup ${backup.label} of ${timeText(backup.stop)}, ${formatBytes(backup.bytes)}, and WAL of timeline ${String(timeline)}`,
      );
      const until = reached ? "the archive has all of it" : "the archive will, once it has what is being written now";
      lines.hanging("  to: ", `${target}: ${until}`);
      lines.hanging("  lost: ", "everything written to any of its databases since then");
      lines.hanging("  way back: ", `${data} as it is now is kept beside it`);
    },
  };
}

/** The command that takes a finished recovery back. */
function undoCommand({ environment, guest, source }: PointInTimePlan): string {
  return `lifeboat restore point-in-time ${environment}/${guest} ${source} --undo`;
}

/** What was done. */
export function pointInTimeReport(plan: PointInTimePlan, journal: Journal, findings: readonly Finding[]): Report {
  const { environment, guest, source, cluster, timeline } = plan;
  const { lastTransaction, said, answer } = journal.factsOf(replayPath);
  const kept = keptFolder(plan, journal.contents.id);
  const target = wishText(plan.wish);
  const value = {
    guest: `${environment}/${guest}`,
    source,
    cluster,
    target,
    timeline,
    lastTransaction: lastTransaction ?? null,
    stopped: said ?? null,
    answer: answer ?? null,
    newTimeline: journal.factsOf(provePath)["timeline"] ?? timeline,
    kept,
    undo: undoCommand(plan),
  };
  return {
    value,
    print: (lines) => {
      lines.heading(
        `PostgreSQL ${cluster} of ${value.guest} is as it was at ${target}, in ${formatDuration(journal.seconds)}, and proven`,
      );
      if (lastTransaction !== undefined)
        lines.line(`  ✓ the last transaction that is there ended at ${String(lastTransaction)} UTC`);
      if (answer !== undefined) lines.hanging("  ✓ the query answered: ", String(answer));
      for (const finding of findings) printFinding(finding, lines);
      lines.hanging(
        "Kept: ",
        `${kept} has what was there before, until you remove it in the guest: lifeboat-data-pitr forget ${source} ${journal.contents.id}`,
      );
      lines.line(`To go back to it: ${value.undo}`);
    },
  };
}
