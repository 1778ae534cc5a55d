/** What conformance has to know of a recording beyond what pve-replay compares. */
import * as z from "zod";

const exchangeSchema = z.object({ label: z.string().nullish(), status: z.number() });

/** Labels of scenarios that are about who may do what. */
const ABOUT_PRIVILEGES = /privilege|\bright\b|\brights\b|\btoken may\b/iu;

/** What Proxmox answers to those who may not. */
const REFUSED = 403;

/** Exchanges of a recording that are about privileges. */
export interface PrivilegeComparison {
  total: number;
  /** How many of them differ. */
  differing: number;
  isOne: (mismatch: { line: number }) => boolean;
}

/**
 * Finds the exchanges that are about privileges: those whose label says so, with everything that belongs to the scenario, for
 * what a task did is told by a later exchange; and every refusal, whatever its label.
 * @param recording text of an NDJSON file
 * @param mismatches with the line of the exchange, from 1; an exchange may have several
 */
export function comparePrivileges(recording: string, mismatches: readonly { line: number }[]): PrivilegeComparison {
  const lines = recording.split("\n").flatMap((text, index) => {
    if (text.trim() === "") return [];
    const { label, status } = exchangeSchema.parse(JSON.parse(text));
    return status === REFUSED || ABOUT_PRIVILEGES.test(label ?? "") ? [index + 1] : [];
  });
  const own = new Set(lines);
  const isOne = ({ line }: { line: number }): boolean => own.has(line);
  return { total: own.size, differing: new Set(mismatches.filter(isOne).map(({ line }) => line)).size, isOne };
}
