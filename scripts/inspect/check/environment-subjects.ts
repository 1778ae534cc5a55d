import { counted } from "../../terminal/text";
import { nextStart } from "../../../proxmox/rules/calendar-events";
import { formatMoment } from "../../../site/restore/moments";
import { formatAgo } from "../../terminal/durations";
import type { Check as Finding } from "../doctor/check";
import type { EnvironmentStatus } from "../status/environment-status";
import { type MonitoringStatus, monitoringProblems } from "../status/monitoring-status";
import { type OffsiteStatus, offsiteProblems } from "../status/offsite-status";
import { environmentProblems } from "../status/unfinished";
import { type Look, nodeNames } from "./look";
import { type CheckedSubject, judged, type Problem, problemIn, unseen } from "./subject";

/** What the connection is made of, as `lifeboat doctor` calls it; the rest are rights and storages. */
const connection = new Set(["settings", "connection", "token", "version", "node"]);

/** The way to the nodes, and what may be done there. */
export function accessSubjects({ environment, access }: Look): CheckedSubject[] {
  const next = `lifeboat doctor ${environment.name}`;
  const named = { environment: environment.name, kind: "node", subject: "connection" } as const;
  if ("failure" in access) return [unseen(named, access.failure.reason, next)];
  const way = access.value.filter(({ subject }) => connection.has(subject));
  const rights = access.value.filter(({ subject }) => !connection.has(subject));
  const place = `${nodeNames(environment)} at ${environment.settings.proxmox.endpoint}`;
  const rest = { environment: environment.name, kind: "rights", subject: "rights" } as const;
  return [
    ofFindings(named, place, way, next),
    rights.length === 0
      ? unseen(rest, "the node could not be asked", next)
      : ofFindings(rest, textOf(rights, "privileges") ?? "", rights, next),
  ];
}

function ofFindings(
  named: Pick<CheckedSubject, "environment" | "kind" | "subject">,
  found: string,
  findings: readonly Finding[],
  next: string,
): CheckedSubject {
  const of = (verdict: Finding["verdict"]): Problem[] =>
    findings
      .filter((finding) => finding.verdict === verdict)
      .map(({ text, hint }) => ({ text: hint === undefined ? text : `${text}; ${hint}`, next }));
  const [problems, unknown, warnings] = [of("problem"), of("skipped"), of("warning")];
  if (problems.length > 0) return { ...judged(named, found, problems) };
  if (unknown.length > 0) return { ...named, verdict: "unknown", found, problems: unknown };
  return { ...judged(named, found, warnings), verdict: warnings.length === 0 ? "ok" : "warning" };
}

function textOf(findings: readonly Finding[], subject: string): string | undefined {
  return findings.find((finding) => finding.subject === subject)?.text;
}

/** The job, its runs and storages, what is half done, and guests that nothing backs up. */
export function backupSubjects({ environment, nodes, journals }: Look): CheckedSubject[] {
  const { name, settings } = environment;
  const named = { environment: name, kind: "job", subject: "backups" } as const;
  const next = `lifeboat status ${name}`;
  if ("failure" in nodes) {
    const ids = settings.guests.map(({ id }) => id);
    const halfDone = environmentProblems(journals, ids).map((text) => problemIn(text, next));
    const row = unseen(named, nodes.failure.reason, `lifeboat doctor ${name}`);
    return [{ ...row, problems: [...row.problems, ...halfDone] }];
  }
  const { status } = nodes.value;
  const problems = status.problems.map((text) => problemIn(text, next));
  return [judged(named, jobText(nodes.value), problems), ...status.notCovered.map((one) => uncovered(name, one))];
}

function jobText({ status, facts }: { status: EnvironmentStatus; facts: { event: Parameters<typeof nextStart>[0] } }) {
  const { job, now, timeZone } = status;
  const last = job.lastRuns.toSorted((a, b) => b.started - a.started)[0];
  const due = nextStart(facts.event, now, timeZone);
  const runs =
    last === undefined ? "no run in the lists of tasks" : `last ${last.result} ${formatAgo(now - last.started)}`;
  const comes = due === undefined ? "never again" : formatMoment(due, timeZone).slice(0, "2026-11-20 03:00".length);
  return `${runs}, next ${comes}`;
}

function uncovered(environment: string, { id, name, type, copy }: EnvironmentStatus["notCovered"][number]) {
  const what = type === "lxc" ? "container" : "virtual machine";
  const named = { environment, kind: "uncovered", subject: name === "" ? String(id) : name } as const;
  const text = `${what} ${String(id)} ${copy === null ? "is in no settings and in no backup job" : copy.text}`;
  return judged(named, "not backed up", [{ text, next: copy === null ? `lifeboat adopt ${String(id)}` : copy.remove }]);
}

/** @param monitoring undefined: the environment has none */
export function monitoringSubject(environment: string, monitoring: MonitoringStatus): CheckedSubject {
  const named = { environment, kind: "monitoring", subject: "monitoring" } as const;
  const { guest, watches, trouble } = monitoring;
  if (watches === undefined) {
    return unseen(named, trouble ?? "its guest gave no answer", `lifeboat backups ${environment}/${guest}`);
  }
  const problems = monitoringProblems(monitoring).map((text) => problemIn(text, "lifeboat rebuild monitoring"));
  return judged(named, watches ? `${guest} watches` : `${guest} does not watch`, problems);
}

/** The copies of dumps elsewhere. */
export function offsiteSubjects({ environment, offsite, nodes }: Look): CheckedSubject[] {
  const named = { environment: environment.name, kind: "offsite", subject: "copies elsewhere" } as const;
  const next = `lifeboat doctor ${environment.name}`;
  if ("failure" in offsite) return [unseen(named, offsite.failure.reason, next)];
  const seen = offsite.value;
  if (seen === undefined) return [];
  if (seen.trouble !== undefined) return [unseen(named, seen.trouble, next)];
  // The times in the names of dumps are UTC.
  const clock = "value" in nodes ? nodes.value.facts : { now: Date.now() / 1_000, timeZone: "UTC" };
  const problems = offsiteProblems(environment.settings, seen, clock).map((text) => ({ text, next: null }));
  return [judged(named, offsiteText(seen, clock.now), problems)];
}

function offsiteText({ place, copies, archives, mirrors }: OffsiteStatus, now: number): string {
  const all = [...copies, ...archives, ...mirrors];
  const times = all.flatMap(({ newest }) => newest?.time ?? []);
  if (all.length === 0) return `${place}: nothing is declared to be copied`;
  const oldest = times.length === all.length ? formatAgo(Math.max(0, now - Math.min(...times))) : "not all there";
  const guests = archives.length === 0 ? "" : ` and archives of ${counted(archives.length, "guest")}`;
  const buckets = mirrors.length === 0 ? "" : ` and ${counted(mirrors.length, "bucket")}`;
  return `${counted(copies.length, "source")}${guests}${buckets}, ${oldest}`;
}
