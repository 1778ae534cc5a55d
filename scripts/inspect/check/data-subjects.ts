import { formatAge } from "../../terminal/durations";
import { backupCommand } from "../data/inspect-data";
import type { DataStatus } from "../status/data-status";
import { type CheckedSubject, judged, unseen } from "./subject";

/** A source of data in a guest, by its dumps there. */
export function dataSubject(seen: DataStatus): CheckedSubject {
  const { environment, guest, source, unseen: why, problem, newest, lastRun, enabled } = seen;
  const named = { environment, kind: "data", subject: `${guest}/${source}` } as const;
  const selector = `${environment}/${guest}`;
  if (why !== null) return unseen(named, why, `lifeboat data ${selector}`);
  const age = newest === null ? "no dump" : `dump ${formatAge(newest.ageSeconds)}`;
  const run = lastRun === null ? [] : [`last run: ${lastRun.result}`];
  const off = enabled ? [] : ["switched off"];
  const problems = problem === null ? [] : [{ text: problem, next: backupCommand(seen) }];
  return judged(named, [age, ...run, ...off].join(", "), problems);
}
