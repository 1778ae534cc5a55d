/** A known weakness of a dependency that is accepted for a while: what it endangers is not used here, or is mended soon. */
export interface Accepted {
  /** Its number in the public database: `GHSA-xxxx-xxxx-xxxx`. */
  readonly advisory: string;
  /** The package that has it. */
  readonly package: string;
  /** Why it does no harm here. */
  readonly reason: string;
  /** Last day on which it is accepted: `2027-03-31`. */
  readonly until: string;
}

/** Each line is looked at again when its day has come. None is the normal case. */
export const accepted: readonly Accepted[] = [];
