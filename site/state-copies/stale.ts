/** A state as far as it says of itself how old it is, and what it has come from. */
interface DatedState {
  /** Version of the checkpoint's form; 0: it was only just made and holds nothing. */
  readonly version: number;
  readonly resources: number;
  /** When Pulumi made it, milliseconds since 1970. Undefined: it does not say so. */
  readonly made: number | undefined;
  /** Names of the entries of its history. */
  readonly history: ReadonlySet<string>;
  /** Name of the newest of them; undefined where there is none. */
  readonly newest: string | undefined;
}

/**
 * Why a state may be older than the one whose place it would take, as a sentence about it without a full stop; undefined
 * where it is certain that it has come from it or after it. An update that the other has, and its history has not, was
 * never part of it, whatever the clocks say. Clocks decide only where no history does.
 *
 * @param savedInWinner it holds the other state as a restore point: somebody has gone back on purpose.
 */
export function whyStale(winner: DatedState, loser: DatedState, savedInWinner: boolean): string | undefined {
  if (savedInWinner || loser.resources === 0) return undefined;
  if (winner.version < loser.version) return "it is of an older form";
  if (loser.newest !== undefined) {
    if (!winner.history.has(loser.newest)) return "its history does not have the last update of the other";
    const hasMovedOn = [...winner.history].some((entry) => !loser.history.has(entry));
    if (hasMovedOn) return undefined;
  }
  if (winner.made === undefined) {
    return "it does not say when Pulumi made it, and its history has no update that the other has not";
  }
  return loser.made !== undefined && winner.made < loser.made
    ? "Pulumi made it earlier than the other, and its history has no update that the other has not"
    : undefined;
}
