import type { Failure } from "../../clients/failure";
import { type Column, fitTable, type FlexibleColumn } from "../../terminal/fitted-table";
import { formatAge, formatBytes, formatDuration, formatShare } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import { bold, counted, dim, green, red, shortenName, type Styled, type Words, yellow } from "../../terminal/text";
import type { EndedRun, RunningBackup } from "./backup-runs";
import type { StorageStatus } from "./backup-storages";
import type { EnvironmentStatus } from "./environment-status";
import type { GuestStatus } from "./guest-status";
import { keptFacts, minute } from "./kept-facts";
import { isInOrder, needsYou, type StatusSummary } from "./status-summary";
import { atWorkTexts, environmentProblems, type JournalStatus } from "./unfinished";

/** One environment: what holds for all its guests, what is wrong with it, and a line for each guest. */
export function printEnvironment(status: EnvironmentStatus, lines: Lines): void {
  lines.line([bold(status.name), "  ", dim(status.endpoint)]);
  for (const [label, text] of factsOf(status)) lines.hanging(["  ", dim(label.padEnd(9)), "  "], text);
  for (const { id, name, type, copy } of status.notCovered) {
    const kind = type === "lxc" ? "container" : "virtual machine";
    const what =
      copy === null
        ? `is in no settings and in no backup job: lifeboat adopt ${String(id)}`
        : `${copy.text}; to remove it ${copy.remove}`;
    printProblem(`${kind} ${String(id)} (${name}) ${what}`, lines);
  }
  for (const text of status.problems) printProblem(text, lines);
  for (const text of policyTexts(status)) lines.hanging(["  ", yellow("!"), " "], text);
  if (status.guests.length === 0) lines.line("  no guests in the settings");
  else printGuests(status, lines);
  lines.line();
}

/** What stops nothing, and has to be known. */
function policyTexts({ policies }: EnvironmentStatus): string[] {
  const { notices, suspended, notes } = policies;
  return [...notices, ...suspended.map(({ text }) => `suspended: ${text}`), ...notes.map(({ text }) => text)];
}

/** An environment whose nodes could not be asked, and what to do about it. */
export function printUnknown(
  {
    name,
    failure: { message, hint },
    ...journals
  }: JournalStatus & { readonly name: string; readonly failure: Failure },
  lines: Lines,
): void {
  lines.line(bold(name));
  printProblem(message, lines);
  if (hint !== undefined) lines.hanging(["    ", dim("→ ")], hint, dim);
  for (const text of atWorkTexts(journals)) lines.hanging(["  ", dim("at work".padEnd(9)), "  "], text);
  for (const text of environmentProblems(journals, [])) printProblem(text, lines);
  lines.line();
}

export function printProblem(text: string, lines: Lines): void {
  lines.hanging(["  ", red("✗"), " "], text);
}

/** The last line: what a glance must tell. */
export function printSummary(summary: StatusSummary, lines: Lines): void {
  const { guests, fine, leftOut, needYou, besides, unknown, unreadable } = summary;
  const counts = [
    `${String(fine)} fine`,
    ...(leftOut > 0 ? [`${String(leftOut)} left out`] : []),
    ...(needYou.length > 0 ? [`${String(needYou.length)} ${needYou.length === 1 ? "needs" : "need"} you`] : []),
  ];
  const all = `${String(guests)} ${guests === 1 ? "guest" : "guests"}`;
  const others = besides.map(
    ({ environment, problems }) =>
      `${String(problems)} ${problems === 1 ? "problem" : "problems"} of ${environment} itself`,
  );
  const rest = [
    ...(needYou.length > 0 ? [listed(needYou)] : []),
    ...others,
    ...unknown.map((name) => `${name} could not be looked at`),
    ...(unreadable > 0 ? ["what was asked for at once could not be read"] : []),
  ];
  const inOrder = isInOrder(summary);
  const mark = inOrder ? green("✓") : red("✗");
  lines.hanging([mark, " "], [`${all}: ${counts.join(", ")}`, ...rest].join("; "), bold);
}

/** Names that a screen can hold; the rest is counted. */
const shownNames = 6;

function listed(names: readonly string[]): string {
  const more = names.length - shownNames;
  return more > 0 ? `${names.slice(0, shownNames).join(", ")} and ${String(more)} more` : names.join(", ");
}

function factsOf(status: EnvironmentStatus): [label: string, text: string][] {
  const { job } = status;
  const leftOut = leftOutTexts(status);
  const snapshots = snapshotsText(status);
  return [
    ["next run", nextRun(status)],
    ...job.running.map((run): [string, string] => ["running", runningText(run, status)]),
    ...atWorkTexts(status).map((text): [string, string] => ["at work", text]),
    ...job.lastRuns.map((run): [string, string] => ["last run", lastRunText(run, status)]),
    ...(job.lastRuns.length === 0
      ? [["last run", "none in the nodes' lists of tasks"] satisfies [string, string]]
      : []),
    ...status.storages.map((storage): [string, string] => ["storage", storageText(storage, status)]),
    ...(snapshots === undefined ? [] : [["snapshots", snapshots] satisfies [string, string]]),
    ...keptFacts(status),
    ...(leftOut.length > 0 ? [["left out", leftOut.join("; ")] satisfies [string, string]] : []),
  ];
}

function nextRun({ job, timeZone, now }: EnvironmentStatus): string {
  if (job.nextRun === undefined) return `none (job ${job.id}, schedule ${job.schedule})`;
  const left = formatDuration(Math.max(0, job.nextRun - now));
  return `${minute(job.nextRun, timeZone)} ${timeZone}, in ${left} (schedule ${job.schedule})`;
}

function runningText({ node, since, guest }: RunningBackup, { guests, now, timeZone }: EnvironmentStatus): string {
  const name =
    guests.find(({ id }) => id === guest)?.name ?? (guest === undefined ? undefined : `guest ${String(guest)}`);
  const what = name === undefined ? "a backup of more than one guest" : `a backup of ${name}`;
  return `${what} on ${node} since ${minute(since, timeZone)} (${formatDuration(Math.max(0, now - since))})`;
}

function lastRunText({ node, started, seconds, result, failed }: EndedRun, status: EnvironmentStatus): string {
  const nodes = new Set(status.guests.map((guest) => guest.node));
  const where = nodes.size > 1 ? `${node}, ` : "";
  const count = failed.length === 0 ? "" : `, ${counted(failed.length, "guest")} failed`;
  return `${where}${minute(started, status.timeZone)}, ${formatDuration(seconds)}: ${result}${count}`;
}

function storageText(
  { storage, node, shared, active, usedShare, total = 0 }: StorageStatus,
  status: EnvironmentStatus,
): string {
  const nodes = new Set(status.storages.map((one) => one.node));
  const name = nodes.size > 1 && !shared ? `${storage} on ${node}` : storage;
  if (!active) return `${name}: not active`;
  return usedShare === undefined ? name : `${name}: ${formatShare(usedShare)} of ${formatBytes(total)} used`;
}

function snapshotsText({ guests, timeZone }: EnvironmentStatus): string | undefined {
  const scheduled = guests.flatMap(({ snapshots }) => snapshots ?? []);
  if (scheduled.length === 0) return undefined;
  const times = scheduled.flatMap(({ next }) => next ?? []);
  const next = times.length === 0 ? "" : `, next ${minute(Math.min(...times), timeZone)}`;
  return `${counted(scheduled.length, "guest")} on a schedule${next}`;
}

function leftOutTexts({ guests }: EnvironmentStatus): string[] {
  return guests.flatMap(({ name, optOut, diskOptOuts }) => [
    ...(optOut === undefined ? [] : [`${name} until ${optOut.until}`]),
    ...diskOptOuts.map(({ disk, until }) => `${name}/${disk} until ${until}`),
  ]);
}

/** What needs somebody comes first. */
function printGuests({ guests, timeZone }: EnvironmentStatus, lines: Lines): void {
  const rows = [...guests.filter(needsYou), ...guests.filter((guest) => !needsYou(guest))];
  const indent = "  ";
  const table = fitTable(rows, [guestColumn, ...columnsOf(guests, timeZone)], lines.room - indent.length);
  lines.table(table, indent, (row) => {
    for (const text of rows[row - 1]?.problems ?? []) lines.hanging("      ", text, red);
  });
}

/** The name: columns that say less go before it is cut. */
const guestColumn: FlexibleColumn<GuestStatus> = {
  heading: dim("GUEST"),
  text: ({ name }) => name,
  before: (guest) => [markOf(guest), " "],
  readable: 24,
  shorten: shortenName,
};

function markOf(guest: GuestStatus): Styled {
  if (needsYou(guest)) return red("✗");
  return guest.optOut === undefined ? green("✓") : dim("-");
}

function columnsOf(guests: readonly GuestStatus[], timeZone: string): Column<GuestStatus>[] {
  const storages = new Set(guests.flatMap(({ newest }) => newest?.storage ?? []));
  return [
    { heading: dim("ID"), cell: ({ id }) => String(id), align: "right" },
    { heading: dim("STATE"), cell: ({ state }) => (state === "missing" ? red(state) : state), leaveOut: 5 },
    { heading: dim("NEWEST BACKUP"), cell: (guest) => newestText(guest, timeZone), leaveOut: 3 },
    { heading: dim("AGE"), cell: ageText, align: "right" },
    {
      heading: dim("RPO"),
      cell: ({ rpoSeconds, optOut }) => (optOut === undefined ? dim(formatSpan(rpoSeconds)) : ""),
      align: "right",
      leaveOut: 1,
    },
    { heading: dim("SIZE"), cell: ({ newest }) => (newest ? formatBytes(newest.size) : ""), align: "right" },
    { heading: dim("CHANGE"), cell: changeText, align: "right", leaveOut: 2 },
    ...(guests.some(({ newest }) => newest?.verified !== undefined)
      ? [{ heading: dim("VERIFIED"), cell: verifiedText, align: "right" as const, leaveOut: 3 }]
      : []),
    ...(guests.some(({ drill }) => drill !== undefined)
      ? [{ heading: dim("PROVEN"), cell: provenText, align: "right" as const }]
      : []),
    ...(storages.size > 1
      ? [{ heading: dim("STORAGE"), cell: ({ newest }: GuestStatus) => newest?.storage ?? "", leaveOut: 4 }]
      : []),
  ];
}

function newestText(guest: GuestStatus, timeZone: string): Words {
  if (guest.newest !== undefined) return minute(guest.newest.time, timeZone);
  return guest.optOut === undefined ? noNewest(guest) : dim("left out");
}

/** What cannot be seen need not be missing. */
function noNewest({ allSeen }: GuestStatus): Words {
  return red(allSeen ? "none" : "unknown");
}

function ageText(guest: GuestStatus): Words {
  const { newest, rpoSeconds, optOut } = guest;
  if (newest === undefined) return optOut === undefined ? noNewest(guest) : "";
  const age = formatAge(newest.ageSeconds);
  return newest.ageSeconds > rpoSeconds && optOut === undefined ? red(age) : age;
}

/** How long ago the newest backup was last read to its end. */
function verifiedText({ newest }: GuestStatus): Words {
  if (newest === undefined) return "";
  const { verified, time, ageSeconds } = newest;
  return verified === undefined ? dim("never") : formatAge(Math.max(0, time + ageSeconds - verified));
}

/** How long ago a drill last brought a copy of it up. */
function provenText({ drill }: GuestStatus): Words {
  if (drill === undefined) return "";
  const { result, ageSeconds = 0 } = drill;
  if (result === "failed") return red("FAILED");
  return result === "proven" ? formatAge(ageSeconds) : dim(result);
}

/** In hours up to two days, as ages are: 26 h is what people say. */
function formatSpan(seconds: number): string {
  return seconds < 2 * 86_400 ? formatAge(seconds) : formatDuration(seconds);
}

/** Against the backup before it. */
function changeText({ newest }: GuestStatus): Words {
  if (newest === undefined) return "";
  const { size, previousSize, shrunk } = newest;
  if (previousSize === undefined || previousSize === 0) return dim("first");
  const percent = Math.round((size / previousSize - 1) * 100);
  const text = `${percent > 0 ? "+" : ""}${String(percent)} %`;
  return shrunk ? red(text) : percent === 0 ? dim("=") : text;
}
