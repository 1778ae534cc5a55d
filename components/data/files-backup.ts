import * as pulumi from "@pulumi/pulumi";
import { dataComponents } from "../../site/data/resource-names";
import type { DataSourceArgs } from "./data-args";
import { checkedSource, installSource } from "./data-backup";

/** Folders, files and Docker volumes of a guest: `paths` or `volumes`, or both. */
export interface FilesBackupArgs extends DataSourceArgs {
  /** Absolute paths of folders or files in the guest. Default: none. Example: `["/etc/app"]`. */
  readonly paths?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Docker volumes of the guest. Default: none. Example: `["uploads"]`. */
  readonly volumes?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Patterns of names that are left out, as `tar` reads them. Default: none. Example: `["*.tmp"]`. */
  readonly exclude?: pulumi.Input<pulumi.Input<string>[] | undefined>;
}

/**
 * Dumps of folders, files and Docker volumes with all that belongs to them, each read again beside what lies there.
 *
 * Deleting it stops the timer and takes its secrets away; dumps stay. Pulumi's own `transforms` in `opts` have the last word on what
 * the provider is given.
 *
 * @throws pulumi.RunError with every problem of the arguments, before anything is registered.
 */
export class FilesBackup extends pulumi.ComponentResource {
  /** When dumps are made; known once the timer is there. */
  readonly schedule: pulumi.Output<string>;

  constructor(name: string, args: FilesBackupArgs, opts?: pulumi.ComponentResourceOptions) {
    const inputs = checkedSource("files", name, args);
    super(dataComponents.files, name, {}, opts);
    this.schedule = installSource(this, name, inputs);
    this.registerOutputs({ schedule: this.schedule });
  }
}
