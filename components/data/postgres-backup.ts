import * as pulumi from "@pulumi/pulumi";
import { dataComponents } from "../../site/data/resource-names";
import type { DataSourceArgs } from "./data-args";
import { checkedSource, installSource } from "./data-backup";

/** Databases of a PostgreSQL server in a guest. */
export interface PostgresBackupArgs extends DataSourceArgs {
  /** Password of the user that makes the dumps, which is made with it. It is a secret from the start. Example: `config.requireSecret("dumpPassword")`. */
  readonly password: pulumi.Input<string>;
  /** What is dumped. Default: every database of the server. Example: `["shop"]`. */
  readonly databases?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Docker container in the guest in which the server runs. Default: the guest itself. Example: `"shop-db-1"`. */
  readonly container?: pulumi.Input<string | undefined>;
  /** Port of the server. Default: 5432. Example: `5433`. */
  readonly port?: pulumi.Input<number | undefined>;
  /** Superuser of the server, which makes the user for backups. Default: `"postgres"`; in a container its `POSTGRES_USER`. Example: `"admin"`. */
  readonly superuser?: pulumi.Input<string | undefined>;
  /** Who restores each dump to prove it: `user`, or `superuser` for what nobody else can make. Default: `"user"`. Example: `"superuser"`. */
  readonly proof?: pulumi.Input<string | undefined>;
  /** Recovery of the whole cluster to any point in time; with `pointInTimeKeys`. Default: none. Example: `{ store: { endpoint: "https://s3.example.com", bucket: "web-recovery" } }`. */
  readonly pointInTime?: pulumi.Input<PointInTimeArgs | undefined>;
  /** What opens the bucket and the archive. It is a secret from the start. Default: none. Example: `config.requireSecretObject("recovery")`. */
  readonly pointInTimeKeys?: pulumi.Input<PointInTimeKeysArgs | undefined>;
}

/** How a cluster's WAL is archived. */
export interface PointInTimeArgs {
  /** The bucket to which WAL and backups go. Example: `{ endpoint: "https://s3.example.com", bucket: "web-recovery" }`. */
  readonly store: pulumi.Input<RecoveryStoreArgs>;
  /** Folder in the bucket; a cluster that is made anew needs another. Default: the source's name. Example: `"prod/web"`. */
  readonly folder?: pulumi.Input<string | undefined>;
  /** Debian's name of the cluster. Default: that of the source's port. Example: `"15/main"`. */
  readonly cluster?: pulumi.Input<string | undefined>;
  /** After so long what was written is archived, 10s to 1h: the most that can be lost. Default: `"5m"`. Example: `"1m"`. */
  readonly archiveTimeout?: pulumi.Input<string | undefined>;
  /** When full backups are made. Default: `"sun 01:30"`. Example: `"sat 22:00"`. */
  readonly full?: pulumi.Input<string | undefined>;
  /** When differential backups are made. Default: `"mon..sat 01:30"`. Example: `"22:00"`. */
  readonly differential?: pulumi.Input<string | undefined>;
  /** Full backups that stay, with all WAL since the oldest of them. Default: 2. Example: `4`. */
  readonly keep?: pulumi.Input<number | undefined>;
  /** PostgreSQL may be restarted, once, for `archive_mode`. Default: false. Example: `true`. */
  readonly restart?: pulumi.Input<boolean | undefined>;
}

/** A bucket of an S3 service, which is there already. */
export interface RecoveryStoreArgs {
  /** Its address, with a DNS name that its certificate has. Example: `"https://s3.example.com"`. */
  readonly endpoint: pulumi.Input<string>;
  /** IP address of the service, where no DNS knows that name. Default: DNS is asked. Example: `"192.0.2.132"`. */
  readonly address?: pulumi.Input<string | undefined>;
  /** Region of the bucket. Default: `"us-east-1"`. Example: `"eu-west-1"`. */
  readonly region?: pulumi.Input<string | undefined>;
  /** The bucket. Example: `"web-recovery"`. */
  readonly bucket: pulumi.Input<string>;
}

/** What opens an archive of WAL. */
export interface PointInTimeKeysArgs {
  /** Name of the key to the bucket. Example: `"web-recovery"`. */
  readonly accessKey: pulumi.Input<string>;
  /** Its secret half. Example: `config.requireSecret("recoverySecret")`. */
  readonly secretKey: pulumi.Input<string>;
  /** What is archived is encrypted with it: without it nothing is recovered. Example: `config.requireSecret("recoveryPassphrase")`. */
  readonly passphrase: pulumi.Input<string>;
  /** Text of the CA (PEM) that signed the service's certificate. Default: the CAs of the guest. Example: `fs.readFileSync("ca.pem", "utf8")`. */
  readonly authority?: pulumi.Input<string | undefined>;
}

/**
 * Dumps of a PostgreSQL server's databases and roles, made by a user of their own and proven by restoring each. It reads
 * everything, and writes to databases only that it has made. With `pointInTime` the cluster's WAL is archived besides.
 *
 * Deleting it stops the timer and takes its secrets away; dumps stay. Pulumi's own `transforms` in `opts` have the last word on what
 * the provider is given.
 *
 * @throws pulumi.RunError with every problem of the arguments, before anything is registered.
 */
export class PostgresBackup extends pulumi.ComponentResource {
  /** When dumps are made; known once the timer is there. */
  readonly schedule: pulumi.Output<string>;

  constructor(name: string, args: PostgresBackupArgs, opts?: pulumi.ComponentResourceOptions) {
    const inputs = checkedSource("postgres", name, args);
    super(dataComponents.postgres, name, {}, opts);
    this.schedule = installSource(this, name, inputs);
    this.registerOutputs({ schedule: this.schedule });
  }
}
