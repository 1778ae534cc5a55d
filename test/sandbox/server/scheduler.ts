/**
 * Runs backup jobs at their time, as Proxmox's pvescheduler does on each node (PVE::Jobs, run_jobs): a job is due when its
 * schedule has a start after its last one, and starts as root@pam with the options that its configuration has.
 */
import { nextStart, parseCalendarEvent } from "../../../proxmox/rules/calendar-events";
import { userCaller } from "../model/access";
import { readableJobs } from "../guests/backup-jobs";
import type { Node, Site } from "../model/site";
import type { BackupJobEntry, JobRun } from "../model/state";
import { dispatch } from "./dispatch";
import type { RawValue } from "../protocol/parameters";
import type { Router } from "./router";

/** Options that belong to the schedule and not to a run. */
const OWN_OPTIONS = ["schedule", "enabled", "comment", "repeat-missed", "node", "starttime", "dow"];

/** A job that has to start on a node. */
interface Due {
  node: Node;
  job: BackupJobEntry;
  /** Unix seconds. */
  at: number;
}

export class Scheduler {
  readonly #site: Site;
  readonly #router: Router;
  /** Tasks that jobs have started, to be waited for while time passes. */
  #started: { node: Node; upid: string }[] = [];

  constructor(site: Site, router: Router) {
    this.#site = site;
    this.#router = router;
  }

  /** What a daemon does when it starts: a run that was missed meanwhile is over, unless the job repeats it. */
  skipMissed(): void {
    const jobs = this.#localJobs();
    for (const { node, job } of jobs) {
      if (job.options["repeat-missed"] !== "1") this.#runOf(node, job).since = node.clock.seconds();
    }
    // A folder without a site in it stays so until somebody fills it.
    if (jobs.length > 0) this.#site.save();
  }

  /** Starts what is due now. */
  async tick(): Promise<void> {
    for (const { node, job, at } of this.#due()) {
      if (at <= node.clock.seconds()) await this.#start(node, job);
    }
    this.#site.save();
  }

  /**
   * Lets time pass: every job runs at its own time, one after the other, and ends before the clock goes on.
   *
   * @param seconds how far; a clock never goes back.
   */
  async forward(seconds: number): Promise<void> {
    const target = this.#site.clock.seconds() + seconds;
    for (;;) {
      const [next] = this.#due().sort((a, b) => this.#siteTime(a) - this.#siteTime(b));
      if (next === undefined || this.#siteTime(next) > target) break;
      this.#advanceTo(this.#siteTime(next));
      await this.tick();
      await Promise.all(this.#started.map(({ node, upid }) => node.tasks.wait(upid)));
      this.#started = [];
    }
    this.#advanceTo(target);
    this.#site.save();
  }

  /** A node's clock may be wrong by a fault: its jobs go by its own. */
  #siteTime({ node, at }: Due): number {
    return at - (node.clock.seconds() - this.#site.clock.seconds());
  }

  #advanceTo(moment: number): void {
    this.#site.state.clockOffset += Math.max(0, moment - this.#site.clock.seconds());
  }

  /** The next start of every job that has one, counted from its last. */
  #due(): Due[] {
    return this.#localJobs().flatMap(({ node, job }) => {
      const schedule = job.options["schedule"];
      if (schedule === undefined || job.options["enabled"] === "0") return [];
      const at = nextStart(parseCalendarEvent(schedule), this.#runOf(node, job).since, node.timeZone);
      return at === undefined ? [] : [{ node, job, at }];
    });
  }

  #localJobs(): { node: Node; job: BackupJobEntry }[] {
    return this.#site.nodes.flatMap((node) =>
      readableJobs(node.cluster)
        .filter(({ options }) => (options["node"] ?? node.name) === node.name)
        .map((job) => ({ node, job })),
    );
  }

  /** What the node remembers of a job. One that is new, or whose schedule changed, counts from now. */
  #runOf(node: Node, { id, options }: BackupJobEntry): JobRun {
    const runs = (node.state.jobRuns ??= {});
    const schedule = options["schedule"] ?? "";
    const known = runs[id];
    if (known?.schedule === schedule) return known;
    return (runs[id] = { schedule, since: node.clock.seconds() });
  }

  async #start(node: Node, job: BackupJobEntry): Promise<void> {
    const run = this.#runOf(node, job);
    run.since = node.clock.seconds();
    // The last run is still at work: this one is left out.
    if (run.upid !== undefined && node.tasks.isRunning(run.upid)) return;
    const options = Object.entries(job.options).filter(([name]) => !OWN_OPTIONS.includes(name));
    const sent = new Map<string, RawValue>([...options, ["quiet", "1"], ["job-id", job.id]]);
    if (job.excludePaths !== undefined) sent.set("exclude-path", job.excludePaths);
    const answer = await dispatch(this.#router, node, {
      method: "POST",
      path: `/nodes/${node.name}/vzdump`,
      sent,
      signedIn: { caller: userCaller("root@pam"), usesToken: false },
    });
    // `OK` instead of a task: no guest of the job is on this node.
    if (typeof answer.data !== "string" || !answer.data.startsWith("UPID:")) return;
    run.upid = answer.data;
    this.#started.push({ node, upid: answer.data });
  }
}
