import type { ZodError } from "zod";
import { complete } from "./complete";
import { describeFound } from "./describe-found";
import type { Environment } from "./environment";
import type { Problem } from "./problem";
import { at, findingsOf, type Finding } from "./schema-tools";
import { settingsSchema } from "./settings-schema";

/** Whose settings they are. */
export interface SettingsOrigin {
  /** The stack's name. */
  readonly environment: string;
}

export type ParsedSettings =
  | { readonly ok: true; readonly environment: Environment }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Checks the settings of one environment and fills in its defaults.
 *
 * @param raw the `lifeboat:*` keys of `Pulumi.<env>.yaml` without their namespace, secrets decrypted:
 *   `{ profile, proxmox, backup, guests, protectGuests, ssh, proxmoxToken, proxmoxRootPassword }`
 * @returns the environment, or every problem at once, sorted by path. Structure only: a policy that is broken (an
 *   opt-out that expired) is not a problem here (A6).
 */
export function parseSettings(raw: unknown, origin: SettingsOrigin): ParsedSettings {
  const result = settingsSchema.safeParse(raw);
  if (result.success) return { ok: true, environment: complete(result.data, origin.environment) };
  return { ok: false, problems: problemsOf(result.error, raw) };
}

/** What a schema refused in a raw value: every problem, sorted by path. */
export function problemsOf(error: ZodError, raw: unknown): Problem[] {
  return findingsOf(error)
    .map((finding) => toProblem(finding, raw))
    .sort(byPath);
}

function toProblem(finding: Finding, raw: unknown): Problem {
  const path = finding.path.map(String);
  const value = path.reduce<unknown>(valueAt, raw);
  const found = finding.found ?? describeFound(value, path);
  return { path, found, allowed: finding.allowed, message: finding.message ?? messageOf(value, finding.noun) };
}

function messageOf(value: unknown, noun: string | undefined): string {
  if (value === undefined || value === null) return "missing";
  return noun === undefined ? "not allowed" : `not ${noun}`;
}

function valueAt(value: unknown, key: string): unknown {
  return Array.isArray(value) ? value[Number(key)] : at(value, key);
}

function byPath(a: Problem, b: Problem): number {
  const length = Math.min(a.path.length, b.path.length);
  for (let index = 0; index < length; index += 1) {
    const [left = "", right = ""] = [a.path[index], b.path[index]];
    if (left !== right) return comparesBefore(left, right) ? -1 : 1;
  }
  return a.path.length - b.path.length || (a.message < b.message ? -1 : 1);
}

/** Entries of a list by number, keys by letter. */
function comparesBefore(left: string, right: string): boolean {
  const numbers = /^\d+$/.test(left) && /^\d+$/.test(right);
  return numbers ? Number(left) < Number(right) : left < right;
}
