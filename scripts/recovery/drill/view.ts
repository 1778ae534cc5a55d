import { formatCheck } from "../../../site/settings/values/checks";
import { bold, counted } from "../../terminal/text";
import { formatBytes, formatDuration } from "../../terminal/durations";
import type { Journal } from "../engine/journal";
import type { Report } from "../engine/operation";
import { printFinding } from "../engine/print-finding";
import type { Finding } from "../engine/step";
import type { Candidate, DrillPlan } from "./plan";

/** The plan of a drill for people and scripts. */
export function drillView(plan: DrillPlan): Report {
  const { environment, bridge, ids, leftovers, groups } = plan;
  return {
    value: {
      environment,
      bridge,
      ids,
      leftovers: leftovers.map(({ target, mark }) => ({ vmid: target.vmid, node: target.node, by: mark.by })),
      groups: groups.map((group) =>
        group.map((candidate) => ({
          guest: `${environment}/${candidate.guest}`,
          copy: candidate.target?.vmid ?? null,
          archive: candidate.archive?.volid ?? null,
          macs: candidate.macs ?? [],
          checks: candidate.checks.map(formatCheck),
          unfit: candidate.unfit ?? null,
        })),
      ),
    },
    print: (lines) => {
      const count = groups.flat().length;
      lines.heading(
        `Plan: drill ${counted(count, "guest")} of ${environment} on ${bridge}, as guests ${ids.from} to ${ids.to}`,
      );
      for (const { target, mark } of leftovers) {
        lines.hanging("  destroy: ", `guest ${target.vmid} on ${target.node}, which a drill of ${mark.by} has left`);
      }
      for (const group of groups) for (const candidate of group) lines.hanging("  ", candidateLine(candidate));
      lines.line("  The originals are left alone. Every copy is destroyed again.");
    },
  };
}

function candidateLine(candidate: Candidate): string {
  const { guest, target, archive, unfit, needs } = candidate;
  if (target === undefined || archive === undefined) return `${guest}: NOT possible: ${unfit ?? "unknown"}`;
  const first = needs.length === 0 ? "" : `, after ${needs.join(", ")}`;
  const checks = candidate.checks.map(formatCheck).join(", ");
  return `${guest} as ${target.vmid} on ${target.node}${first}, from ${archive.volid} (${formatBytes(archive.size)}): ${checks}`;
}

/** What became of each guest. */
export function drillReport(plan: DrillPlan, journal: Journal, findings: readonly Finding[]): Report {
  const guests = plan.groups.flat().map((candidate) => outcomeOf(plan, candidate, journal));
  return {
    value: { environment: plan.environment, guests },
    print: (lines) => {
      const proven = guests.filter(({ result }) => result === "proven").length;
      lines.hanging("", `Drill of ${plan.environment}: ${proven} of ${guests.length} proven`, bold);
      for (const { guest, result, seconds, reasons } of guests) {
        const took = seconds === null ? "" : ` in ${formatDuration(seconds)}`;
        const why = reasons.length === 0 ? "" : `: ${reasons.join("; ")}`;
        lines.hanging("  ", `${guest}: ${result === "failed" ? "NOT PROVEN" : result}${took}${why}`);
      }
      // Why a guest is not proven stands beside it.
      const told = new Set(guests.flatMap(({ guest, reasons }) => reasons.map((reason) => `${guest}: ${reason}`)));
      for (const finding of findings.filter(({ text }) => !told.has(`${plan.environment}/${text}`)))
        printFinding(finding, lines);
    },
  };
}

function outcomeOf({ environment }: DrillPlan, { guest, archive }: Candidate, journal: Journal) {
  const facts = journal.factsOf(`${guest}/proof`);
  const { proven, skipped, reasons, seconds, at } = facts;
  const isReached = skipped !== true && typeof at === "string";
  return {
    guest: `${environment}/${guest}`,
    result: proven === true ? "proven" : isReached ? "failed" : "not reached",
    archive: archive?.volid ?? null,
    reasons: typeof reasons === "string" && reasons !== "" ? reasons.split("\n") : [],
    seconds: typeof seconds === "number" ? seconds : null,
    at: typeof at === "string" ? at : null,
  };
}
