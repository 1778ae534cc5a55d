import type { VerificationRecord } from "./verification-record";
import { formatMoment } from "./moments";

/** What is told of an archive that may speak against it. */
export interface JudgedArchive {
  /** Bytes; undefined where the storage tells none. */
  readonly size: number | undefined;
  /** Unix seconds: when the backup started. */
  readonly time: number;
  /** What a backup server found when it verified it: `ok`, `failed`; undefined where nobody has. */
  readonly verification?: string | undefined;
  /** What was recorded when Lifeboat verified it. */
  readonly verified?: VerificationRecord | undefined;
}

/** The node's clock. */
export interface NodeMoment {
  /** Unix seconds. */
  readonly now: number;
  readonly timeZone: string;
}

/**
 * What speaks against an archive (D17), as a sentence about it without a full stop; undefined where nothing does. A
 * doubtful archive counts as no backup and is restored only when somebody names it.
 */
export function doubtOf(
  { size, time, verification, verified }: JudgedArchive,
  { now, timeZone }: NodeMoment,
): string | undefined {
  if (verification !== undefined && verification !== "ok") {
    return `the backup server has verified it, and found: ${verification}`;
  }
  if (verified?.damage !== undefined) {
    return `lifeboat verify read it on ${formatMoment(verified.time, timeZone)}, and found: ${verified.damage}`;
  }
  if (size === undefined) return "the storage tells no size of it, so that it may not be whole";
  if (time > now) {
    return `it is dated ${formatMoment(time, timeZone)}, later than the node's clock (${formatMoment(now, timeZone)}), so its age is not certain`;
  }
  return undefined;
}
