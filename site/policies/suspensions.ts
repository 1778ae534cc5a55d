import { isOver } from "../opt-outs";
import type { CalendarDay, Environment, Suspension } from "../settings/environment";
import type { PolicyFinding } from "./policy-finding";

/** Findings after emergencies were taken into account. */
export interface Sorted {
  /** What stops the program. */
  readonly broken: readonly PolicyFinding[];
  /** What a suspension keeps from stopping it. */
  readonly suspended: readonly PolicyFinding[];
  /** One line for each suspension: while it counts every preview shows it, and afterwards that it counts no more (A7). */
  readonly notices: readonly string[];
}

/** Sets aside what an emergency suspends. Hazards stop nothing, so that they cannot be suspended. */
export function applySuspensions(
  findings: readonly PolicyFinding[],
  { suspensions }: Environment,
  today: CalendarDay,
): Sorted {
  const active = suspensions.filter((suspension) => !isOver(suspension, today));
  const isSuspended = ({ policy }: PolicyFinding): boolean => active.some((suspension) => suspension.policy === policy);
  return {
    broken: findings.filter((finding) => !isSuspended(finding)),
    suspended: findings.filter((finding) => isSuspended(finding)),
    notices: suspensions.map((suspension) => notice(suspension, today)),
  };
}

function notice(suspension: Suspension, today: CalendarDay): string {
  const { policy, until, reason, owner } = suspension;
  return isOver(suspension, today)
    ? `The suspension of the policy ${policy} ended on ${until} and has no effect: remove it from lifeboat:suspend.`
    : `The policy ${policy} is suspended until ${until} (${reason}; owner: ${owner}).`;
}
