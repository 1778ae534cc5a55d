const day = 86_400;

/** Of the day, UTC, in seconds: in the eighteen hours behind it no job of a test is due. */
const begin = 6 * 3_600 + 600;

/**
 * Offsets of a site's clock between whose backups an hour passes, so that their names differ. They begin at the next 06:10, and not
 * at what time it happens to be: else a nightly run comes due between two backups where the test itself runs around midnight.
 */
export class HourlyClock {
  private readonly first = (begin - (Math.floor(Date.now() / 1_000) % day) + day) % day;
  private hours = 0;

  /** Seconds from this machine's clock to the site's, an hour after the one before. */
  next(): number {
    this.hours += 1;
    return this.first + this.hours * 3_600;
  }
}
