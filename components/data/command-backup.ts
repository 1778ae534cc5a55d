import * as pulumi from "@pulumi/pulumi";
import { dataComponents } from "../../site/data/resource-names";
import type { DataSourceArgs } from "./data-args";
import { checkedSource, installSource } from "./data-backup";

/** What a command in a guest prints. */
export interface CommandBackupArgs extends DataSourceArgs {
  /** Run in the guest by its `sh`; what it prints is the dump. Example: `"vault operator raft snapshot save /dev/stdout"`. */
  readonly command: pulumi.Input<string>;
  /** Gets the dump on standard input, and ends with 0 if that is a good one. Default: it only has to hold something. Example: `"gzip -t"`. */
  readonly check?: pulumi.Input<string | undefined>;
  /** Gets the dump on standard input, and restores it. Default: a dump is only fetched. Example: `"vault operator raft snapshot restore -"`. */
  readonly restore?: pulumi.Input<string | undefined>;
  /** Docker container in the guest in which the commands run. Default: the guest itself. Example: `"vault-1"`. */
  readonly container?: pulumi.Input<string | undefined>;
}

/**
 * Dumps of what a command prints: a snapshot of Vault, manifests of Kubernetes, sealed files. Its own check proves them.
 *
 * Deleting it stops the timer and takes its secrets away; dumps stay. Pulumi's own `transforms` in `opts` have the last word on what
 * the provider is given.
 *
 * @throws pulumi.RunError with every problem of the arguments, before anything is registered.
 */
export class CommandBackup extends pulumi.ComponentResource {
  /** When dumps are made; known once the timer is there. */
  readonly schedule: pulumi.Output<string>;

  constructor(name: string, args: CommandBackupArgs, opts?: pulumi.ComponentResourceOptions) {
    const inputs = checkedSource("command", name, args);
    super(dataComponents.command, name, {}, opts);
    this.schedule = installSource(this, name, inputs);
    this.registerOutputs({ schedule: this.schedule });
  }
}
