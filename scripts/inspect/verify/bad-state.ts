/** A state, or a history entry, that cannot be used. */
export interface BadState {
  readonly key: string;
  readonly versionId: string | null;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly problems: readonly string[];
}
