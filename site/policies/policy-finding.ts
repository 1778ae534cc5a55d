import { formatPath } from "../settings/problem";

/** What a rule over the settings has found. */
export interface PolicyFinding {
  readonly policy: "coverage" | "objectives" | "hazards";
  /** Key of the settings that it is about: `["guests", "web", "backup", "until"]`. */
  readonly path: readonly string[];
  /** A broken policy stops the program; a note is only told. Hazards are always notes. */
  readonly weight: "broken" | "note";
  /** Names of the guests that it is about; empty when it is about all of them. */
  readonly guests: readonly string[];
  /** What is wrong, one line. */
  readonly text: string;
  /** How that was found out, or what is concerned: one line each. */
  readonly details: readonly string[];
  /** What to do, one line. */
  readonly hint: string;
}

/** `lifeboat:guests.web.backup.until: …`, then the details and what to do. */
export function formatPolicyFinding({ path, text, details, hint }: PolicyFinding): string {
  return [`${formatPath(path)}: ${text}`, ...details.map((line) => `  ${line}`), `  HINT: ${hint}`].join("\n");
}

/** By path, so that the order does not depend on the rules. */
export function byPath(a: PolicyFinding, b: PolicyFinding): number {
  const [left, right] = [formatPath(a.path), formatPath(b.path)];
  if (left === right) return a.text < b.text ? -1 : 1;
  return left < right ? -1 : 1;
}

/** Names that a line can hold; the rest is counted. */
const shown = 6;

/** `web, db and 3 more` */
export function listNames(names: readonly string[]): string {
  const more = names.length - shown;
  if (more > 0) return `${names.slice(0, shown).join(", ")} and ${String(more)} more`;
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`;
}
