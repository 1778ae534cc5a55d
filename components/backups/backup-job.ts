import { Job } from "@muhlba91/pulumi-proxmoxve/backup/job";
import * as pulumi from "@pulumi/pulumi";
import { componentKinds } from "../../site/resources";
import { checkArguments } from "../arguments";
import { backupJobRules } from "./backup-job-inputs";

/** A backup job. */
export interface BackupJobArgs {
  /** Id of the storage to write to: `BackupStorage.storageId`, or the id of any other. Example: `storage.storageId`. */
  readonly storage: pulumi.Input<string>;
  /**
   * Ids of the guests, at least one: Proxmox refuses a job of none. Give `vmId` of those that the program makes: the job is
   * then made after them and deleted before them. Example: `[web.vmId, 140]`.
   */
  readonly guests: pulumi.Input<pulumi.Input<number>[]>;
  /** When the job runs: a calendar event of Proxmox, in the node's time zone. Example: `"01:00"`. */
  readonly schedule: pulumi.Input<string>;
  /** What stays after each run. Example: `{ daily: 7, weekly: 4 }`. */
  readonly keep: pulumi.Input<KeepArgs>;
  /** Id of the job in Proxmox. Another id makes the job anew. Default: `lifeboat-` and the name of the environment. Example: `"nightly"`. */
  readonly job?: pulumi.Input<string | undefined>;
  /** `snapshot` does not interrupt the guest, `suspend` stops it for moments, `stop` for the whole backup. Default: `"snapshot"`. Example: `"stop"`. */
  readonly mode?: pulumi.Input<string | undefined>;
  /** `zstd`, `lzo`, `gzip` or `none`. Default: `"zstd"`. Example: `"none"`. */
  readonly compress?: pulumi.Input<string | undefined>;
  /** Template of the notes of each archive. Default: `"{{guestname}} ({{vmid}}) on {{node}}"`. Example: `"{{guestname}}"`. */
  readonly notes?: pulumi.Input<string | undefined>;
  /** `false`: the job stays, and does not run. Default: true. Example: `false`. */
  readonly enabled?: pulumi.Input<boolean | undefined>;
  /** Proxmox's own mail about the job. Default: none. Example: `{ to: ["ops@example.com"] }`. */
  readonly mail?: pulumi.Input<MailArgs | undefined>;
  /** Environment whose job it is: decides the default of `job`. Default: the name of the stack. Example: `"prod"`. */
  readonly environment?: string | undefined;
}

/** What a backup job keeps: counts, or everything. Archives that two counts keep count once. */
export interface KeepArgs {
  /** Keep every archive; not with a count. Default: false. Example: `true`. */
  readonly all?: pulumi.Input<boolean | undefined>;
  /** The last so many archives, whenever they were made. Default: 0. Example: `3`. */
  readonly last?: pulumi.Input<number | undefined>;
  /** The last archive of each of the last so many hours that have one. Default: 0. Example: `24`. */
  readonly hourly?: pulumi.Input<number | undefined>;
  /** The last archive of each of the last so many days that have one. Default: 0. Example: `7`. */
  readonly daily?: pulumi.Input<number | undefined>;
  /** The last archive of each of the last so many weeks that have one. Default: 0. Example: `4`. */
  readonly weekly?: pulumi.Input<number | undefined>;
  /** The last archive of each of the last so many months that have one. Default: 0. Example: `6`. */
  readonly monthly?: pulumi.Input<number | undefined>;
  /** The last archive of each of the last so many years that have one. Default: 0. Example: `2`. */
  readonly yearly?: pulumi.Input<number | undefined>;
}

/** Mail that Proxmox sends about a job. */
export interface MailArgs {
  /** Who gets it, at least one. Example: `["ops@example.com"]`. */
  readonly to: pulumi.Input<pulumi.Input<string>[]>;
  /** `always`, or `failure`: only after a run that failed. Default: `"failure"`. Example: `"always"`. */
  readonly when?: pulumi.Input<string | undefined>;
}

/**
 * A vzdump job over some guests. Pulumi's own `transforms` in `opts` have the last word on what the provider is given.
 *
 * @throws pulumi.RunError with every problem of the arguments, before anything is registered.
 */
export class BackupJob extends pulumi.ComponentResource {
  /** Id in Proxmox. */
  readonly jobId: pulumi.Output<string>;
  /** Id of the storage that it writes to. */
  readonly storage: pulumi.Output<string>;
  /** A Proxmox calendar event, in the node's time zone. */
  readonly schedule: pulumi.Output<string>;

  constructor(name: string, args: BackupJobArgs, opts?: pulumi.ComponentResourceOptions) {
    const environment = args.environment ?? pulumi.getStack();
    const { inputs } = checkArguments(`backup job ${name}`, { ...args, environment }, backupJobRules);
    super(componentKinds["backup-job"].component, name, {}, opts);
    const job = new Job(componentKinds["backup-job"].child(name), inputs, {
      parent: this,
      // A guest more or less changes the job in place: made anew, there would be none for a moment, or for good when the
      // new one is refused. Another id is another job.
      deleteBeforeReplace: true,
    });
    this.jobId = job.resourceId;
    this.storage = job.storage;
    this.schedule = job.schedule;
    this.registerOutputs({ jobId: this.jobId, storage: this.storage, schedule: this.schedule });
  }
}
