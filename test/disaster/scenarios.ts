/** What of one file of the rehearsal is run. */
interface Part {
  /** Below `test/rehearsal/`. */
  readonly file: string;
  /** Its tests whose full name this matches; all of them without it. */
  readonly tests?: string;
}

/** A scenario of `docs/runbooks/disaster-recovery.md`. */
export interface Scenario {
  /** As the command line names it. */
  readonly name: string;
  /** As the table of tests made has it. */
  readonly title: string;
  /** The heading in the runbook. */
  readonly heading: string;
  /** Each on a site of its own, with data that are written before and read after. */
  readonly parts: readonly Part[];
}

/** In the order of the runbook. */
export const scenarios: readonly Scenario[] = [
  {
    name: "host-down",
    title: "the host is down",
    heading: "The host is down",
    parts: [{ file: "main-site.test.ts", tests: "the host is down" }],
  },
  {
    name: "node-lost",
    title: "a node is lost",
    heading: "A node is lost",
    parts: [{ file: "main-site.test.ts", tests: "(?:a guest is lost|a node is lost)" }],
  },
  {
    name: "state-corrupt",
    title: "a state is corrupt, or gone",
    heading: "A state is corrupt, or gone",
    parts: [{ file: "state-points.test.ts" }, { file: "state-gone.test.ts" }],
  },
  {
    name: "data-lost",
    title: "data are lost",
    heading: "Data are lost, or wrong",
    parts: [{ file: "data/restore-postgres.test.ts" }, { file: "data/restore-files.test.ts" }],
  },
  {
    name: "data-corrupted",
    title: "data are corrupted",
    heading: "Data are lost, or wrong",
    parts: [{ file: "data/restore-point-in-time.test.ts" }],
  },
  {
    name: "monitoring-lost",
    title: "monitoring is lost",
    heading: "Monitoring is lost",
    parts: [{ file: "monitoring.test.ts" }],
  },
  {
    name: "ransomware",
    title: "ransomware",
    heading: "Ransomware",
    parts: [{ file: "main-site.test.ts", tests: "ransomware" }, { file: "data/offsite-bucket.test.ts" }],
  },
  {
    name: "everything-lost",
    title: "everything is lost",
    heading: "Everything is lost",
    parts: [
      { file: "main-site.test.ts", tests: "of which only the storages for backups are left" },
      { file: "from-offsite.test.ts", tests: "the copies elsewhere" },
    ],
  },
];
