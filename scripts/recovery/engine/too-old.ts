import { formatDuration } from "../../terminal/durations";
import type { Journal } from "./journal";

/**
 * Why an operation is planned anew and not resumed: its result would be taken for one of now.
 *
 * @param limit seconds since it began.
 */
export function whyTooOld({ contents: { startedAt } }: Journal, limit: number): string | undefined {
  const age = (Date.now() - Date.parse(startedAt)) / 1_000;
  return age <= limit
    ? undefined
    : `What was begun at ${startedAt} is not resumed: it is older than ${formatDuration(limit)}.`;
}

/** Why an operation of one request is planned anew that had not been sent: nothing is known of it that helps. */
export function whyNotSent({ contents: { startedAt, steps } }: Journal): string | undefined {
  return Object.values(steps).some(({ facts }) => facts["sent"] === true)
    ? undefined
    : `What was begun at ${startedAt} is planned anew: nothing of it was sent.`;
}
