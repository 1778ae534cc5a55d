import { formatDuration, formatInstant } from "../../terminal/durations";
import type { Journal } from "./journal";

/**
 * Why what an operation has found is not believed any more, as a clause; undefined while it is.
 *
 * @param limit seconds since it began.
 */
export function ageTrouble({ contents: { startedAt } }: Journal, limit: number): string | undefined {
  const age = (Date.now() - Date.parse(startedAt)) / 1_000;
  // A clock that was set back tells no age.
  if (age < 0) return "it was begun later than this machine's clock says";
  return age <= limit ? undefined : `it is older than ${formatDuration(limit)}`;
}

/** Why an operation is planned anew and not resumed: its result would be taken for one of now. */
export function whyTooOld(journal: Journal, limit: number): string | undefined {
  const trouble = ageTrouble(journal, limit);
  return trouble && `What was begun at ${formatInstant(journal.contents.startedAt)} is not resumed: ${trouble}.`;
}

/** Why an operation of one request is planned anew that had not been sent: nothing is known of it that helps. */
export function whyNotSent({ contents: { startedAt, steps } }: Journal): string | undefined {
  return Object.values(steps).some(({ facts }) => facts["sent"] === true)
    ? undefined
    : `What was begun at ${formatInstant(startedAt)} is planned anew: nothing of it was sent.`;
}
