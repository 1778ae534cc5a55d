import type { Guest } from "../../../site/settings/environment";
import { formatAge } from "../../terminal/durations";
import { counted } from "../../terminal/text";
import type { GuestStatus } from "../status/guest-status";
import type { LiveCheck } from "./live-guest";
import type { Looked, NodeLook } from "./look";
import { type CheckedSubject, type Problem, problemIn } from "./subject";

/** A proof counts as long as two drills are apart, twice: as the alert `ProofTooOld` has it. */
const drillsMissed = 2;

/** A guest: whether it lives, as its checks tell, and whether it can come back, as its backups and proofs do. */
export function guestSubject(
  environment: string,
  guest: Guest,
  nodes: Looked<NodeLook>,
  checks: readonly LiveCheck[] | undefined,
): CheckedSubject {
  const selector = `${environment}/${guest.name}`;
  const named = {
    environment,
    kind: "guest",
    subject: guest.name,
    ...(checks === undefined ? {} : { checks }),
  } as const;
  const isTaken = "value" in nodes && nodes.value.taken.has(guest.id);
  const dead = (checks ?? []).flatMap((check) => failureOf(check, selector, isTaken));
  if ("failure" in nodes) {
    const blind = {
      text: "its backups could not be looked at: its node gave no answer",
      next: `lifeboat doctor ${environment}`,
    };
    const found = foundOf(checks, "backups unknown");
    return { ...named, verdict: dead.length > 0 ? "problem" : "unknown", found, problems: [...dead, blind] };
  }
  const { status, drillGap } = nodes.value;
  const seen = status.guests.find(({ id }) => id === guest.id);
  if (seen === undefined) throw new Error(`The status of ${environment} has no guest ${String(guest.id)}.`);
  const wrong = nodes.value.problems.get(guest.id) ?? [];
  const problems = [
    ...dead,
    ...wrong.map(({ text, next }) => (next === null ? { text, next } : problemIn(text, next))),
  ];
  const found = foundOf(checks, backupText(seen), proofText(seen));
  if (problems.length > 0) return { ...named, verdict: "problem", found, problems };
  const unknown = notSeen(seen, selector);
  if (unknown.length > 0) return { ...named, verdict: "unknown", found, problems: unknown };
  const warnings = unproven(seen, drillGap, selector);
  return { ...named, verdict: warnings.length === 0 ? "ok" : "warning", found, problems: warnings };
}

/** @param isTaken its checks were not made, as another has its number: what to do about that is said with it */
function failureOf({ check, passed, reason }: LiveCheck, selector: string, isTaken: boolean): Problem[] {
  if (passed) return [];
  const text = `check '${check}' failed: ${reason ?? "no reason is known"}`;
  return [{ text, next: isTaken ? null : `lifeboat restore guest ${selector} --dry-run` }];
}

function foundOf(checks: readonly LiveCheck[] | undefined, ...rest: (string | undefined)[]): string {
  return [liveText(checks), ...rest].filter((text) => text !== undefined).join("; ");
}

/** `ping, ssh`, or which of them failed. */
function liveText(checks: readonly LiveCheck[] | undefined): string {
  if (checks === undefined) return "stopped, as declared";
  const failed = checks.filter(({ passed }) => !passed);
  return failed.length === 0 ? namesOf(checks) : `${namesOf(failed)} failed`;
}

function namesOf(checks: readonly LiveCheck[]): string {
  return checks.map(({ check }) => check).join(", ");
}

function backupText({ newest, otherNumber, optOut, allSeen }: GuestStatus): string {
  if (newest !== undefined) return `backup ${formatAge(newest.ageSeconds)}`;
  if (otherNumber !== undefined) {
    return `${counted(otherNumber.backups, "backup")} under ${String(otherNumber.id)}, its number before`;
  }
  if (optOut !== undefined) return `left out until ${optOut.until}`;
  return allSeen ? "no backup" : "backup unknown";
}

function proofText({ drill }: GuestStatus): string | undefined {
  if (drill === undefined) return undefined;
  if (drill.result === "proven") return `proven ${formatAge(drill.ageSeconds ?? 0)}`;
  return drill.result === "never" ? "never proven" : `proof ${drill.result}`;
}

/** An answer that is missing is no good one. */
function notSeen({ allSeen, optOut, drill }: GuestStatus, selector: string): Problem[] {
  return [
    ...(allSeen || optOut !== undefined
      ? []
      : [
          {
            text: "not all of its backups could be seen: there may be newer ones, or none",
            next: `lifeboat backups ${selector}`,
          },
        ]),
    ...(drill?.result === "unknown"
      ? [{ text: "what the last drill has found could not be read", next: `lifeboat backups ${selector}` }]
      : []),
  ];
}

function unproven({ drill }: GuestStatus, gap: number | undefined, selector: string): Problem[] {
  const next = `lifeboat drill ${selector}`;
  if (drill?.result === "never") return [{ text: "no drill has ever restored a copy of it", next }];
  const { ageSeconds = 0 } = drill ?? {};
  if (drill === undefined || gap === undefined || ageSeconds <= drillsMissed * gap) return [];
  return [{ text: `its last proof is ${formatAge(ageSeconds)} old`, next }];
}
