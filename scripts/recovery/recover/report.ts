import { formatDuration, formatInstant } from "../../terminal/durations";
import type { Lines } from "../../terminal/talk";
import type { Journal } from "../engine/journal";
import type { Report } from "../engine/operation";
import { printFinding } from "../engine/print-finding";
import type { Finding } from "../engine/step";
import { checkPath } from "./check-step";
import { dataPath, dataResultsIn } from "./data-step";
import { haPath } from "./ha-step";
import { mayBringUp } from "./lacking";
import { type GuestResult, guestsPaths, resultsIn } from "./guests-step";
import { type DataResult, type GuestLook, type RecoverPlan, targetSeconds } from "./plan";
import { stackResultsIn, upPath } from "./stack-steps";

/** What came back, how long it took, and what is lost of it. */
export function reportOf(plan: RecoverPlan, journal: Journal, findings: readonly Finding[]): Report {
  const restored = [haPath, ...Object.values(guestsPaths)].flatMap((path) => resultsIn(journal.factsOf(path)));
  const stacks = stackResultsIn(journal.factsOf(upPath));
  const environments = plan.environments.map((look) => ({
    environment: look.name,
    up: look.trouble === undefined && mayBringUp(look) ? (stacks[look.name] ?? "unchanged") : "left out",
    guests: look.guests.map((guest) =>
      resultOf(look.name, guest, { plan, startedAt: journal.contents.startedAt }, restored),
    ),
  }));
  const totalSeconds = (Date.now() - Date.parse(plan.began)) / 1_000;
  const proven = journal.factsOf(checkPath)["proven"] === true;
  const data = dataResultsIn(journal.factsOf(dataPath));
  const first = plan.firstBegan === undefined ? {} : { firstBegan: plan.firstBegan };
  const value = { environments, data, totalSeconds, targetSeconds, ...first, proven };
  const times = Object.entries(journal.contents.steps).flatMap(([path, { seconds }]) =>
    seconds === undefined ? [] : [{ path, seconds }],
  );
  return { value, print: (lines) => printReport(value, times, findings, lines) };
}

/** What became of a guest that no step was about. */
function resultWithout(way: GuestLook["way"]): GuestResult["result"] {
  if (way === "none" || way === "another") return "lost";
  return way === "anew" || way === "by hand" ? way : "there";
}

interface ReportedGuest extends GuestResult {
  readonly lostSeconds: number | null;
}

function resultOf(
  environment: string,
  { name, way, ageSeconds, restored: before }: GuestLook,
  { plan: { began }, startedAt }: { readonly plan: RecoverPlan; readonly startedAt: string },
  restored: readonly GuestResult[],
): ReportedGuest {
  const guest = `${environment}/${name}`;
  const found = restored.find((one) => one.guest === guest) ?? before;
  const result = found?.result ?? resultWithout(way);
  const { archive = null, time = null, seconds = null } = found ?? {};
  const age = time === null ? undefined : (ageSeconds ?? Math.max(0, Date.parse(startedAt) / 1_000 - time));
  const lostSeconds = age === undefined ? null : lostWork(age, began, startedAt);
  return { guest, result, archive, time, seconds, lostSeconds };
}

/**
 * How much of a guest's work is lost. From the first beginning of the recovery on there was no guest that could have worked; but one
 * whose archive was made after that has come back in between, and was lost again.
 *
 * @param age of the archive when this run began, seconds
 * @param began when the first run began, ISO 8601, as {@link startedAt} of this one
 */
export function lostWork(age: number, began: string, startedAt: string): number {
  const before = Math.max(0, (Date.parse(startedAt) - Date.parse(began)) / 1_000);
  return age > before ? age - before : age;
}

interface Reported {
  readonly environments: readonly {
    readonly environment: string;
    readonly up: string;
    readonly guests: readonly ReportedGuest[];
  }[];
  readonly data: readonly DataResult[];
  readonly totalSeconds: number;
  readonly firstBegan?: string;
  readonly proven: boolean;
}

function endText(totalSeconds: number): string {
  const within = totalSeconds <= targetSeconds ? "within" : "NOT within";
  return `after ${formatDuration(totalSeconds)} (${within} ${formatDuration(targetSeconds)})`;
}

/** What was brought back earlier is checked: hours between both are nobody's recovery. */
function checkText(totalSeconds: number, firstBegan: string): string {
  return `by a check of ${formatDuration(totalSeconds)}; the recovery began at ${formatInstant(firstBegan)}`;
}

function printReport(
  { environments, data, totalSeconds, firstBegan, proven }: Reported,
  times: readonly { readonly path: string; readonly seconds: number }[],
  findings: readonly Finding[],
  lines: Lines,
): void {
  const end = firstBegan === undefined ? endText(totalSeconds) : checkText(totalSeconds, firstBegan);
  lines.heading(proven ? `The site is back ${end}` : `The site is NOT PROVEN to be back, ${end}`);
  const rows = environments.flatMap(({ guests }) => guests).filter(({ result }) => result !== "there");
  if (rows.length > 0) {
    lines.table(
      [
        ["GUEST", "RESULT", "TOOK", "LOST", "ARCHIVE"],
        ...rows.map(({ guest, result, seconds, lostSeconds, archive }) => [
          guest,
          result,
          seconds === null ? "" : formatDuration(seconds),
          lostSeconds === null ? "" : formatDuration(lostSeconds),
          archive ?? "",
        ]),
      ],
      "  ",
    );
  }
  if (data.length > 0) {
    lines.table(
      [
        ["DATA", "RESULT", "TOOK", "LOST"],
        ...data.map(({ guest, source, result, seconds, lostSeconds }) => [
          `${guest}/${source}`,
          result === "latest" ? "latest point" : "as in the archive",
          seconds === null ? "" : formatDuration(seconds),
          result === "latest" ? formatDuration(lostSeconds) : "",
        ]),
      ],
      "  ",
    );
  }
  lines.table([["STEP", "TOOK"], ...times.map(({ path, seconds }) => [path, formatDuration(seconds)])], "  ");
  for (const finding of findings) printFinding(finding, lines);
}
