const day = 86_400;

/** Of the day, UTC, in seconds: in the eighteen hours behind it no job of a test is due. */
const begin = 6 * 3_600 + 600;

/** The last time of the day at which a site begins as it is: there is time enough until midnight. */
const last = 20 * 3_600;

/** Seconds between two backups. */
const step = 600;

/**
 * Offsets of a site's clock between whose backups some minutes pass, so that their names differ. Where the test runs in the evening or
 * at night they begin at the next 06:10: else a nightly run comes due between two backups. By day they begin now, for a node whose
 * clock is a day ahead is one whose clock is wrong.
 */
export class SteppedClock {
  private readonly first = firstOffset(Math.floor(Date.now() / 1_000) % day);
  private steps = 0;

  /** Seconds from this machine's clock to the site's, some minutes after the one before. */
  next(): number {
    this.steps += 1;
    return this.first + this.steps * step;
  }
}

function firstOffset(now: number): number {
  if (now >= begin && now <= last) return 0;
  return (begin - now + day) % day;
}
