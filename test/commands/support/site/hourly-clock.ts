const day = 86_400;

/** Of the day, UTC, in seconds: in the eighteen hours behind it no job of a test is due. */
const begin = 6 * 3_600 + 600;

/** The last time of the day at which a site begins as it is: there are hours enough until midnight. */
const last = 14 * 3_600;

/**
 * Offsets of a site's clock between whose backups an hour passes, so that their names differ. Where the test runs in the evening or at
 * night they begin at the next 06:10: else a nightly run comes due between two backups. By day they begin now, for a node whose clock
 * is a day ahead is one whose clock is wrong.
 */
export class HourlyClock {
  private readonly first = firstOffset(Math.floor(Date.now() / 1_000) % day);
  private hours = 0;

  /** Seconds from this machine's clock to the site's, an hour after the one before. */
  next(): number {
    this.hours += 1;
    return this.first + this.hours * 3_600;
  }
}

function firstOffset(now: number): number {
  if (now >= begin && now <= last) return 0;
  return (begin - now + day) % day;
}
