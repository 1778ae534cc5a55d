import { type Sample, sample } from "./sample";
import type { StateLook } from "./state-look";

/** Seconds that a copy on a schedule may take. */
const grace = 3_600;

interface StateFacts {
  readonly state: StateLook | undefined;
  /** Seconds at most between two copies; undefined: there is no schedule. */
  readonly copyGap: number | undefined;
}

/** Series of the state of an environment's stack. */
export function stateSamples(environment: string, { state, copyGap }: StateFacts): Sample[] {
  if (state === undefined) return [];
  const { status, points, hasOffsiteKey } = state;
  const labels = { environment };
  const isReadable = status.trouble === undefined && status.damage === undefined;
  // A stack that was never deployed has no state, or it lies on another machine.
  if (isReadable && status.modified === undefined) return [];
  return [
    ...sample("lifeboat_state_readable", labels, isReadable),
    ...sample("lifeboat_state_timestamp_seconds", labels, inSeconds(status.modified)),
    ...sample("lifeboat_state_restore_points", labels, points?.count),
    ...sample("lifeboat_state_restore_points_unreadable", labels, points?.unreadable),
    ...sample("lifeboat_state_fallback", labels, status.lives === "fallback"),
    ...status.copies.flatMap(({ kind, time }) => [
      ...sample("lifeboat_state_copy_timestamp_seconds", { ...labels, kind }, inSeconds(time)),
      // Also of a copy that cannot be reached: otherwise nobody would hear that it grows too old meanwhile.
      ...(kind === "offsite" && hasOffsiteKey
        ? sample("lifeboat_state_copy_max_age_seconds", { ...labels, kind }, copyGap && copyGap + grace)
        : []),
    ]),
  ];
}

function inSeconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1_000;
}
