/**
 * What the command line tells a script. Documented in the help and tested; a number keeps its meaning for ever.
 */
export const exitCodes = {
  /** Done. */
  done: 0,
  /** Failed for a reason without a number of its own, or by a defect. */
  failed: 1,
  /** The command line or the settings are wrong, or an answer is missing that a script gives with a flag. */
  usage: 2,
  /** Partly done, or a check found a problem. */
  partly: 3,
  /** Nothing to restore from. */
  nothing: 10,
  /** Another run, update or task holds the lock. */
  locked: 11,
  /** The passphrase is missing or does not open the secrets. */
  passphrase: 12,
  /** Refused for safety; nothing was changed. */
  refused: 13,
  /** A node cannot be reached or trusted, or does not allow it. */
  unavailable: 14,
  /** Interrupted (Ctrl-C). */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** One line per code for the help. */
export const exitCodeMeanings: readonly (readonly [ExitCode, string])[] = [
  [exitCodes.done, "done"],
  [exitCodes.failed, "failed"],
  [exitCodes.usage, "wrong usage or settings, or a missing answer"],
  [exitCodes.partly, "partly done, or a check found a problem"],
  [exitCodes.nothing, "nothing to restore from"],
  [exitCodes.locked, "locked by another"],
  [exitCodes.passphrase, "wrong or missing passphrase"],
  [exitCodes.refused, "refused for safety, nothing changed"],
  [exitCodes.unavailable, "cannot reach, trust or not allowed"],
  [exitCodes.interrupted, "interrupted"],
];
