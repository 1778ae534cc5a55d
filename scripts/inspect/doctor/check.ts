/** What a check says. `warning` is worth knowing and fails nothing; `skipped` could not be looked at because of an earlier problem. */
export type Verdict = "ok" | "warning" | "problem" | "skipped";

/** Why a node could not be asked at all: it was not reached, not trusted, or did not accept the token. */
export const unavailableKinds = ["unreachable", "untrusted", "unauthorized", "lost", "unexpected"] as const;

/** One thing that was looked at. */
export interface Check {
  /** What was looked at, in one or two words: `certificate`. */
  subject: string;
  verdict: Verdict;
  /** One line. */
  text: string;
  /** What to do about it. */
  hint?: string | undefined;
  /** Set where the node could not be asked. */
  unavailable?: (typeof unavailableKinds)[number];
}

export const ok = (subject: string, text: string): Check => ({ subject, verdict: "ok", text });
export const warning = (subject: string, text: string, hint?: string): Check => ({
  subject,
  verdict: "warning",
  text,
  hint,
});
export const problem = (subject: string, text: string, hint?: string): Check => ({
  subject,
  verdict: "problem",
  text,
  hint,
});
export const skipped = (subject: string, text: string): Check => ({ subject, verdict: "skipped", text });
