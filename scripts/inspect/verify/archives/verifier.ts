import type { Verdict } from "../../../../site/verify/judge-archive";
import type { ListedArchive } from "./listed";

/** What verifying one archive found. */
export interface Checked {
  readonly verdict: Verdict;
  /** Of the file as it is stored. */
  readonly sha256?: string | undefined;
}

/** Told how many bytes were read so far. */
export type OnBytes = (bytes: number) => void;

/** How archives of one kind of storage are verified. */
export interface ArchiveVerifier {
  /** What is found is remembered in the archive's notes; a backup server remembers it by itself. */
  readonly isRecorded: boolean;
  verify(listed: ListedArchive, onBytes: OnBytes): Promise<Checked>;
}

export function unseen(why: string): Checked {
  return { verdict: { kind: "unseen", problems: [why] } };
}
