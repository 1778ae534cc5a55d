import { formatBytes, formatDuration } from "../../terminal/durations";
import type { Journal } from "../engine/journal";
import type { Report } from "../engine/operation";
import { printFinding } from "../engine/print-finding";
import type { Finding } from "../engine/step";
import type { BackupPlan } from "./plan";

/** The plan for people and scripts. */
export function backupView(plan: BackupPlan): Report {
  const { environment, guest, target, storage, remarks, request } = plan;
  const options = Object.entries(request).map(([name, value]) => [name, String(value)] as const);
  return {
    value: { ...plan },
    print: (lines) => {
      const where = `${String(target.vmid)} on ${target.node}`;
      lines.heading(`Plan: back ${environment}/${guest} (${where}) up to ${storage}`);
      for (const remark of remarks) lines.hanging("  note: ", remark);
      lines.table([["option", "value"], ...options], "  ");
    },
  };
}

/** What was backed up. */
export function backupReport(
  { environment, guest, target }: BackupPlan,
  journal: Journal,
  findings: readonly Finding[],
): Report {
  const selector = `${environment}/${guest}`;
  const facts = journal.factsOf("backup");
  const archive = String(facts["archive"]);
  const bytes = Number(facts["bytes"]);
  return {
    value: { guest: selector, vmid: target.vmid, archive, bytes },
    print: (lines) => {
      lines.line(`Backed up ${guest}: ${archive} (${formatBytes(bytes)}) in ${formatDuration(journal.seconds)}`);
      for (const finding of findings) printFinding(finding, lines);
      lines.line(`All backups of it: lifeboat backups ${selector}`);
    },
  };
}
