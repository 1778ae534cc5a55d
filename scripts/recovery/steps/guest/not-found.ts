import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import type { ArchiveSearch } from "./inspection";

/** A search that found nothing of what was wanted, in words. */
export interface NotFound {
  /** Where everything was searched: `there is no save point of web`. */
  readonly none: string;
  /** Where something was not: `no save point of web was found`. */
  readonly unknown: string;
  /** What to do when there is none. */
  readonly hint: string;
  /** How many are there that cannot be taken as they are. Default: none. */
  readonly leftOut?: number;
}

/** Storages that were not searched, and why: `storage backup was not searched: it is not active`. */
export function unsearchedText({ unsearched, missing }: Pick<ArchiveSearch, "unsearched" | "missing">): string {
  const lacks = missing.map(({ privilege, path }) => `${privilege} on ${path}`).join(", ");
  return [
    ...unsearched.map(({ storage, reason }) => `storage ${storage} was not searched: ${reason}`),
    ...(lacks === "" ? [] : [`the token lacks ${lacks}`]),
  ].join("; ");
}

/**
 * Nothing was found. Only where every storage was searched does that mean that there is none (10); otherwise nobody knows
 * (14), and the storages are named that could not be asked.
 */
export function notFound(search: ArchiveSearch, { none, unknown, hint, leftOut = 0 }: NotFound): CommandError {
  const { searched, unsearched } = search;
  const where = searched.length === 0 ? "no storage could be searched" : `searched: ${searched.join(", ")}`;
  if (unsearched.length === 0) {
    return new CommandError(`${none} (${where})`, {
      exitCode: exitCodes.nothing,
      hint,
      details: { searched, ...(leftOut === 0 ? {} : { leftOut }) },
    });
  }
  return new CommandError(`${unknown}, and ${unsearchedText(search)} (${where})`, {
    exitCode: exitCodes.unavailable,
    hint: unsearchedHint(search),
    details: { searched, unsearched, missing: search.missing },
  });
}

/** What makes a search complete. */
export function unsearchedHint({ missing }: Pick<ArchiveSearch, "missing">): string {
  return missing.length > 0
    ? "lifeboat doctor --print-setup prints the lines that give the token what it lacks"
    : "run it again when the storage answers; on its node: pvesm status";
}
