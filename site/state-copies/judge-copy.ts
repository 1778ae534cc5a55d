/** A state as far as a decision about its copy needs it. */
export interface CopiedState {
  readonly sha256: string;
  /** When Pulumi made it, milliseconds since 1970. Undefined: it does not say so. */
  readonly made: number | undefined;
}

export interface CopyDecisionInput {
  readonly source: CopiedState;
  /** Undefined: there is no copy yet, or what is there cannot be read. */
  readonly copy: CopiedState | undefined;
  /** Name of the newest entry of the copy's history; undefined where it has none. */
  readonly newestOfCopy: string | undefined;
  /** Names of the entries of the source's history, and of the states that were saved there. */
  readonly knownToSource: ReadonlySet<string>;
  /** SHA-256 of states that were saved in the source. */
  readonly savedInSource: ReadonlySet<string>;
}

/**
 * - `write`: there is no copy, or the source has moved on.
 * - `same`: the copy is this state.
 * - `keep`: the copy is newer, and the source has never heard of it: a store that was brought back from an old backup. It
 *   is kept, since nobody else may have it.
 */
export type CopyDecision = "write" | "same" | "keep";

/**
 * Whether a state may take the place of its copy. An older state may, where somebody went back to it: then the source's
 * history, or its saved states, hold what the copy is.
 */
export function judgeCopy(input: CopyDecisionInput): CopyDecision {
  const { source, copy, newestOfCopy, knownToSource, savedInSource } = input;
  if (copy === undefined) return "write";
  if (copy.sha256 === source.sha256) return "same";
  if (copy.made === undefined || (source.made !== undefined && source.made >= copy.made)) return "write";
  if (savedInSource.has(copy.sha256)) return "write";
  return newestOfCopy !== undefined && knownToSource.has(newestOfCopy) ? "write" : "keep";
}
