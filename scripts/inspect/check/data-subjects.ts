import { formatAge } from "../../terminal/durations";
import { mendOf } from "../data/inspect-data";
import { archiveProblems, type DataStatus } from "../status/data-status";
import { type CheckedSubject, judged, unseen } from "./subject";

/** A source of data in a guest: its dumps there, and how far it can go back in time. */
export function dataSubject(seen: DataStatus): CheckedSubject {
  const { environment, guest, source, unseen: why, problem, newest, lastRun, enabled, pointInTime } = seen;
  const named = { environment, kind: "data", subject: `${guest}/${source}` } as const;
  const next = `lifeboat data ${environment}/${guest}`;
  if (why !== null) return unseen(named, why, next);
  const age = newest === null ? "no dump" : `dump ${formatAge(newest.ageSeconds)}`;
  const run = lastRun === null ? [] : [`last run: ${lastRun.result}`];
  const off = enabled ? [] : ["switched off"];
  const problems = [
    ...(problem === null ? [] : [{ text: problem, next: mendOf(seen).command }]),
    ...archiveProblems(seen).map((text) => ({ text, next })),
  ];
  const found = judged(named, [age, ...run, ...off].join(", "), problems);
  // Nobody could look at its archive: that is known neither to be good nor to be bad.
  const isBlind = problem === null && pointInTime !== null && pointInTime.unseen !== null;
  return isBlind ? { ...found, verdict: "unknown" } : found;
}
