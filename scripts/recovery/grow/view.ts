import { environmentOf, pulumiLine } from "../../../site/plain-pulumi";
import { formatDuration } from "../../terminal/durations";
import type { Journal } from "../engine/journal";
import type { Report } from "../engine/operation";
import { printFinding } from "../engine/print-finding";
import type { Finding } from "../engine/step";
import type { PlannedGrowth } from "./make-plan";
import { type GrowPlan, nameOf } from "./plan";

/** The plan for people and scripts. */
export function growthView({ plan, remarks }: PlannedGrowth): Report {
  const { environment, guest, target, growths, additions, running } = plan;
  const selector = `${environment}/${guest}`;
  const value = { guest: selector, vmid: target.vmid, node: target.node, growths, additions, running, remarks };
  return {
    value,
    print: (lines) => {
      lines.heading(`Plan: change the disks of ${selector} (${String(target.vmid)} on ${target.node})`);
      lines.line("  kept: everything on its disks; no reboot");
      for (const remark of remarks) lines.hanging("  note: ", remark);
    },
  };
}

/** Every disk is there, and large enough. */
export function nothingToGrow({ plan: { environment, guest }, remarks }: PlannedGrowth): Report {
  const selector = `${environment}/${guest}`;
  const next = refreshCommand(environment);
  return {
    value: { guest: selector, grown: [], added: [], next },
    print: (lines) => {
      lines.line(`Every disk of ${selector} is there and has the size that the settings say.`);
      for (const remark of remarks) lines.hanging("  ", remark);
      lines.line(`If Pulumi does not know that yet: ${next}`);
    },
  };
}

/** What was done. */
export function growReport(plan: GrowPlan, { seconds }: Journal, findings: readonly Finding[]): Report {
  const { environment, guest, target, growths, additions } = plan;
  const selector = `${environment}/${guest}`;
  // Pulumi knows everything by now, unless something is left to do with it.
  const isLeft = findings.some(
    ({ severity, mend }) => severity === "todo" && mend !== undefined && environmentOf(mend) !== undefined,
  );
  const next = isLeft ? refreshCommand(environment) : null;
  return {
    value: { guest: selector, vmid: target.vmid, node: target.node, grown: growths, added: additions, next },
    print: (lines) => {
      const many = [...growths, ...additions].map(({ disk, key }) => nameOf(disk, key)).join(", ");
      lines.heading(`Disks of ${selector} are as the settings say, in ${formatDuration(seconds)}: ${many}`);
      for (const finding of findings) printFinding(finding, lines);
      if (next !== null) lines.line(`Next: ${next}`);
    },
  };
}

function refreshCommand(environment: string): string {
  return pulumiLine(environment, "up --refresh");
}
