import { shrunkLimit, storageLimit } from "../../health";

/** Settings name files of monitoring, so that nothing here takes their type. */
export type Seconds = number;

/** When alerts fire. A rehearsal shortens the durations. */
export interface RuleOptions {
  /** Between two evaluations. */
  readonly evaluateEvery: Seconds;
  /** How long something must be so before its alert fires. */
  readonly hold: {
    /** What a restart of the exporter explains. */
    readonly short: Seconds;
    /** What a restart of a node, or somebody at work, explains. */
    readonly long: Seconds;
    /** What the first look after the exporter's start may take. */
    readonly first: Seconds;
    /** What a backup run explains: it writes first, and prunes afterwards. */
    readonly run: Seconds;
  };
  /** How long an alert goes on when it is not seen any more: a restart of the exporter neither ends it nor sends it twice. 0: not at all. */
  readonly keepFiring: Seconds;
  /** How long Prometheus may be down before it forgets what was there: when a guest was first seen, its newest backup. */
  readonly memory: Seconds;
  /** Age at which a backup is missing: `least`, or the longest gap of the job's schedule and `margin` where that is more. */
  readonly missing: { readonly least: Seconds; readonly margin: Seconds };
  /** Share of a storage, 0 to 1, above which it is almost full. */
  readonly storageShare: number;
  /** Share of the size of the backup before, 0 to 1, below which one is suddenly smaller. */
  readonly shrunkShare: number;
  /** Age of the exporter's last look. It looks every five minutes, and a look at a large site takes some. */
  readonly lookAge: Seconds;
  /** Difference between the clocks of a node and of the exporter, in either direction. */
  readonly clockDifference: Seconds;
  /** How long an operation may be half done: long enough for a large restore. */
  readonly unfinished: Seconds;
  /** How long before its end a certificate is told. Proxmox renews its own two weeks before. */
  readonly certificate: Seconds;
  /** How long before its last day an opt-out is told. */
  readonly optOut: Seconds;
  /** What stands before `docs/runbooks/alerts/…` in links: an address at which the site shows them. */
  readonly runbooks: string;
}

const minute: Seconds = 60;
const hour: Seconds = 3600;
const day: Seconds = 86_400;

export const ruleDefaults: RuleOptions = {
  evaluateEvery: minute,
  hold: { short: 5 * minute, long: 15 * minute, first: 15 * minute, run: hour },
  keepFiring: 5 * minute,
  memory: 6 * hour,
  missing: { least: 48 * hour, margin: 12 * hour },
  storageShare: storageLimit,
  shrunkShare: shrunkLimit,
  lookAge: 30 * minute,
  clockDifference: 5 * minute,
  unfinished: 2 * hour,
  certificate: 12 * day,
  optOut: 14 * day,
  runbooks: "",
};
