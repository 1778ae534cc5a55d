import * as pulumi from "@pulumi/pulumi";
import { dataComponents } from "../../site/data/resource-names";
import type { DataSourceArgs } from "./data-args";
import { checkedSource, installSource } from "./data-backup";

/** Databases of a MariaDB or MySQL server in a guest. */
export interface MariaDbBackupArgs extends DataSourceArgs {
  /** Password of the user that makes the dumps, which is made with it. It is a secret from the start. Example: `config.requireSecret("dumpPassword")`. */
  readonly password: pulumi.Input<string>;
  /** What is dumped. Default: every database of the server. Example: `["crm"]`. */
  readonly databases?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Docker container in the guest in which the server runs. Default: the guest itself. Example: `"crm-db-1"`. */
  readonly container?: pulumi.Input<string | undefined>;
}

/**
 * Dumps of a MariaDB server's databases and users, made by a user of their own that only reads. Each is proven by a restore into a
 * server of its own, which ends with the proof.
 *
 * Deleting it stops the timer and takes its secrets away; dumps stay. Pulumi's own `transforms` in `opts` have the last word on what
 * the provider is given.
 *
 * @throws pulumi.RunError with every problem of the arguments, before anything is registered.
 */
export class MariaDbBackup extends pulumi.ComponentResource {
  /** When dumps are made; known once the timer is there. */
  readonly schedule: pulumi.Output<string>;

  constructor(name: string, args: MariaDbBackupArgs, opts?: pulumi.ComponentResourceOptions) {
    const inputs = checkedSource("mariadb", name, args);
    super(dataComponents.mariadb, name, {}, opts);
    this.schedule = installSource(this, name, inputs);
    this.registerOutputs({ schedule: this.schedule });
  }
}
