import { Job, type JobArgs } from "@muhlba91/pulumi-proxmoxve/backup/job";
import * as pulumi from "@pulumi/pulumi";
import { refusal } from "../refusal";
import { componentKinds } from "../../site/resources";
import type { BackupSettings } from "../../site/settings/environment";
import { jobGuests, jobInputs } from "./backup-job-inputs";

export interface BackupJobArgs {
  /** Schedule, retention, mode and the rest, as the settings describe them. */
  readonly settings: BackupSettings;
  /** Id of the storage to write to: `BackupStorage.storageId`. */
  readonly storage: pulumi.Input<string>;
  /**
   * Ids of the guests. Give `Container.vmId` of those that the program makes: the job is then deleted before them.
   * At least one: Proxmox refuses a job without guests.
   */
  readonly guests: readonly pulumi.Input<number>[];
  /** A last word on what the provider is given, for what has no setting. */
  readonly transform?: { readonly job?: (inputs: JobArgs) => JobArgs };
}

/**
 * The one vzdump job of an environment.
 *
 * @throws pulumi.RunError without guests, before anything is registered.
 */
export class BackupJob extends pulumi.ComponentResource {
  /** Id in Proxmox. */
  readonly jobId: pulumi.Output<string>;
  /** Id of the storage that it writes to. */
  readonly storage: pulumi.Output<string>;
  /** A Proxmox calendar event, in the node's time zone. */
  readonly schedule: pulumi.Output<string>;

  constructor(name: string, args: BackupJobArgs, opts?: pulumi.ComponentResourceOptions) {
    if (args.guests.length === 0) {
      throw refusal(`Unable to declare backup job ${args.settings.jobId}: no guest is to be backed up`);
    }
    super(componentKinds["backup-job"].component, name, {}, opts);
    const job = this.declare(name, args);
    this.jobId = job.resourceId;
    this.storage = job.storage;
    this.schedule = job.schedule;
    this.registerOutputs({ jobId: this.jobId, storage: this.storage, schedule: this.schedule });
  }

  private declare(name: string, { settings, storage, guests, transform = {} }: BackupJobArgs): Job {
    const vmids = pulumi.all([...guests]).apply(jobGuests);
    const inputs = { ...jobInputs(settings), storage, vmids };
    return new Job(componentKinds["backup-job"].child(name), transform.job?.(inputs) ?? inputs, {
      parent: this,
      // A job that somebody switched to "all guests" cannot go back in place: the provider would send both selections,
      // which Proxmox refuses. A job holds no data, so that making it anew costs nothing.
      replaceOnChanges: ["all", "vmids"],
      deleteBeforeReplace: true,
    });
  }
}
