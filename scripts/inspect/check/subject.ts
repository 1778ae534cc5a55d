import type { ValueOf } from "../../terminal/shapes";
import type { checkShape } from "./shape";

/** One thing that was looked at. */
export type CheckedSubject = ValueOf<typeof checkShape>["subjects"][number];

export type Problem = CheckedSubject["problems"][number];

type Named = Pick<CheckedSubject, "environment" | "kind" | "subject">;

/** A subject by what is wrong with it: nothing makes it good. */
export function judged(named: Named, found: string, problems: readonly Problem[]): CheckedSubject {
  return { ...named, verdict: problems.length === 0 ? "ok" : "problem", found, problems };
}

/** Nobody could look: neither good nor known to be bad, and never green. */
export function unseen(named: Named, why: string, next: string | null): CheckedSubject {
  return { ...named, verdict: "unknown", found: "could not be looked at", problems: [{ text: why, next }] };
}

/** The settings have no such thing: said, so that nobody takes silence for a proof. */
export function absent(named: Named, found: string): CheckedSubject {
  return { ...named, verdict: "none", found, problems: [] };
}

/** A problem in a sentence that may name the command itself. */
export function problemIn(text: string, otherwise: string): Problem {
  return { text, next: /\blifeboat [a-z]/u.test(text) ? null : otherwise };
}

export function isBad({ verdict }: CheckedSubject): boolean {
  return verdict === "problem" || verdict === "unknown";
}
