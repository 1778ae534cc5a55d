import { formatAgo, formatBytes, formatDuration, formatMoment } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import type { Journal } from "../engine/journal";
import type { Report } from "../engine/operation";
import { printFinding } from "../engine/print-finding";
import type { Finding } from "../engine/step";
import type { PlannedRestoreData } from "./make-plan";
import type { RestoreDataPlan } from "./plan";
import { wishText } from "../point-in-time/locate";
import { loadedCounts, savePointPath } from "./steps";

/** What was counted, for people: `12 tables, 3400 rows`. */
function countText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${String(count)} ${what}`)
    .join(", ");
}

/** The plan for people and scripts. */
export function restoreDataView({ plan, remarks, now }: PlannedRestoreData): Report {
  const { environment, from, to, dump, time, encrypted, items, savePoint } = plan;
  const value = {
    guest: `${environment}/${to.guest}`,
    source: to.source,
    dump,
    time,
    point: pointText(plan),
    from: `${from.environment}/${from.guest}/${from.source}`,
    bucket: from.bucket ?? null,
    ageSeconds: Math.max(0, now - time),
    encrypted,
    items: items.map(({ type, name, into, bytes, plainBytes, counts, present }) => ({
      type,
      name,
      into,
      bytes,
      plainBytes,
      counts,
      ...(present === undefined ? {} : { present }),
    })),
    savePoint,
    remarks,
  };
  return { value, print: (lines) => printPlan(plan, remarks, now, lines) };
}

function printPlan(plan: RestoreDataPlan, remarks: readonly string[], now: number, lines: Lines): void {
  const { environment, from, to, dump, time, encrypted, items, savePoint, archive } = plan;
  const names = items.map(({ into }) => into).join(", ");
  lines.heading(`Plan: restore ${names} of ${environment}/${to.guest}`);
  const sealed = encrypted ? ", encrypted: opened on this machine" : "";
  const made = `of ${formatMoment(time * 1_000)} (${formatAgo(now - time)})`;
  lines.hanging(
    "  from: ",
    archive === undefined
      ? `${dump} ${whereOf(from)}, ${made}${sealed}`
      : `backup ${dump} of PostgreSQL ${archive.cluster}, ${made}, ${formatBytes(archive.backup.bytes)}, and WAL of timeline ${String(archive.timeline)}`,
  );
  for (const { name, into, plainBytes, counts, present } of items) {
    const other = name === into ? "" : ` as ${into}`;
    const what =
      archive === undefined
        ? `${formatBytes(plainBytes)}, ${countText(counts)}`
        : `as it was at ${wishText(archive.wish)}; the other databases stay as they are`;
    lines.hanging("  back: ", `${name}${other}: ${what}`);
    if (present === undefined) continue;
    const { bytes, connections } = present;
    const used = connections === 0 ? "" : `, ${String(connections)} connected`;
    lines.hanging("  lost: ", `everything written to ${into} since then (it has ${formatBytes(bytes)} now${used})`);
  }
  const replaces = items.some(({ present }) => present !== undefined);
  const way = savePoint
    ? "what is there now is dumped and proven first"
    : replaces
      ? "NONE, as you asked"
      : "nothing is replaced";
  lines.hanging("  way back: ", way);
  for (const remark of remarks) lines.hanging("  look: ", remark);
}

function whereOf({ environment, guest, bucket }: RestoreDataPlan["from"]): string {
  const name = `${environment}/${guest}`;
  return bucket === undefined ? `in ${name}` : `of ${name}, copied to ${bucket}`;
}

/** The point in time, in words; null where it comes from a dump. */
function pointText({ archive }: RestoreDataPlan): string | null {
  return archive === undefined ? null : wishText(archive.wish);
}

/** What is in each thing: as it was dumped, or as it was counted when it came from an archive. */
function loadedItems({ items, archive }: RestoreDataPlan, journal: Journal): RestoreDataPlan["items"] {
  if (archive === undefined) return items;
  return items.map((item, index) => ({ ...item, counts: loadedCounts(journal, index) ?? item.counts }));
}

/** The command that goes back to what was there before. */
function undoCommand(plan: RestoreDataPlan, journal: Journal): string | null {
  const replaced = plan.items.some(({ present }) => present !== undefined);
  if (!replaced) return null;
  return journal.factsOf(savePointPath)["dump"] === undefined
    ? null
    : `lifeboat undo ${plan.environment}/${plan.to.guest}`;
}

export function restoreDataReport(plan: RestoreDataPlan, journal: Journal, findings: readonly Finding[]): Report {
  const { environment, to, dump, time } = plan;
  const items = loadedItems(plan, journal);
  const undo = undoCommand(plan, journal);
  const value = {
    guest: `${environment}/${to.guest}`,
    source: to.source,
    dump,
    time,
    point: pointText(plan),
    items: items.map(({ type, name, into, counts, present }) => ({
      type,
      name,
      into,
      counts,
      replaced: present !== undefined,
    })),
    savePoint: journal.factsOf(savePointPath)["dump"] === undefined ? null : journal.contents.id,
    undo,
  };
  return {
    value,
    print: (lines) => {
      const names = items.map(({ into }) => into).join(", ");
      const from = value.point === null ? `from ${dump}` : `as it was at ${value.point},`;
      lines.heading(`Restored ${names} of ${value.guest} ${from} in ${formatDuration(journal.seconds)}, and proven`);
      for (const { into, counts } of items) lines.line(`  ✓ ${into}: ${countText(counts)}`);
      for (const finding of findings) printFinding(finding, lines);
      if (undo !== null) lines.line(`To go back to what was there before: ${undo}`);
    },
  };
}
