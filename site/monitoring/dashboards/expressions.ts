/** The environments that are chosen at the top of a dashboard. */
export const chosen = `environment=~"$environment"`;

/** Name and number of a guest, with its environment: labels of what belongs to a guest. */
const byGuest = "environment, guest, id";

/** The newest value of a guest's metric, without what Prometheus adds to it. */
export function ofGuest(metric: string, selector: string): string {
  return `max by (${byGuest}) (${metric}{${selector}})`;
}

/** How long ago a guest's moment was. */
export function guestAge(metric: string, selector: string): string {
  return `time() - ${ofGuest(metric, selector)}`;
}

/** Age of the newest backup as a share of the RPO: above 1 it is too old. */
export function rpoShare(selector: string): string {
  return `(${guestAge("lifeboat_guest_last_backup_timestamp_seconds", selector)}) / ${ofGuest("lifeboat_guest_rpo_seconds", selector)}`;
}

/** Guests that have no backup at all: that is only known where all archives could be seen. */
export function withoutBackup(selector: string): string {
  return `(${ofGuest("lifeboat_guest_backup_expected", selector)} == 1 and ${ofGuest("lifeboat_guest_archives_seen", selector)} == 1 unless ${ofGuest("lifeboat_guest_last_backup_timestamp_seconds", selector)})`;
}

/** Age of the last proof as a share of what it may be. */
export function proofShare(selector: string): string {
  return `(${guestAge("lifeboat_guest_proof_timestamp_seconds", selector)}) / ${ofGuest("lifeboat_guest_proof_max_age_seconds", selector)}`;
}

/** Guests that are to be proved and never were. */
export function withoutProof(selector: string): string {
  return `(${ofGuest("lifeboat_guest_proof_max_age_seconds", selector)} unless ${ofGuest("lifeboat_guest_proof_timestamp_seconds", selector)})`;
}

/**
 * How many series a query of problems finds. 0 is only said when every environment answered and the metric that the problems are
 * seen by is there: a site that nobody could look at has no problems that are known, which is not the same as none.
 */
export function countOf(problems: string, seenBy = "lifeboat_environment_up"): string {
  return `count(${problems}) or ${zeroWhere(seenBy)}`;
}

/** The same for problems of backups: 0 only when all archives could be seen, too. */
export function countOfBackups(problems: string): string {
  const zero = zeroWhere("lifeboat_guest_backup_expected");
  return `count(${problems}) or (${zero} unless on () (lifeboat_guest_archives_seen{${chosen}} == 0))`;
}

/**
 * The same for problems of states, by a metric that every environment has once: one whose state the exporter has no key to has none,
 * and says nothing of it.
 */
export function countOfStates(problems: string, seenBy: string): string {
  return `count(${problems}) or ${whereAllHave(seenBy, `0 * count(${seenBy}{${chosen}})`)}`;
}

/** A value that is known only where every environment answered, and has this metric. */
export function whereAllHave(metric: string, value: string): string {
  return whereAllAnswer(`${value} and count(${metric}{${chosen}}) == count(${up})`);
}

/** A value of all environments, which is known only where every one of them answered. */
export function whereAllAnswer(value: string): string {
  return `(${value} and ${allAnswer})`;
}

/** What a list of problems says when it has none: of an environment that does not answer it could not have any. */
export const noneSeen = "none seen";

const up = `lifeboat_environment_up{${chosen}}`;
const allAnswer = `count(${up} == 1) == count(${up})`;

function zeroWhere(metric: string): string {
  return whereAllAnswer(`0 * count(${metric}{${chosen}})`);
}
