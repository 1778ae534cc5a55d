import type * as pulumi from "@pulumi/pulumi";

/** What sources of data in a guest take alike. Sizes, schedules and numbers are written as in the settings. */
export interface DataSourceArgs {
  /** Name of the source in the guest: of its units, its folders and its dumps. Default: the component's name. Example: `"shop"`. */
  readonly source?: pulumi.Input<string | undefined>;
  /** Address or DNS name of the SSH server that is spoken to: the guest's, or with `guestId` that of its node. Example: `"192.0.2.101"`. */
  readonly address: pulumi.Input<string>;
  /** Port of that SSH server. Default: 22. Example: `2222`. */
  readonly sshPort?: pulumi.Input<number | undefined>;
  /** Who logs in there; any other than root needs `sudo` without a password. Default: `"root"`. Example: `"admin"`. */
  readonly sshUser?: pulumi.Input<string | undefined>;
  /** Text of the private key. It is a secret from the start. Default: the agent (`SSH_AUTH_SOCK`) is asked. Example: `config.requireSecret("sshKey")`. */
  readonly privateKey?: pulumi.Input<string | undefined>;
  /** The key that the SSH server has to show, a line of its `ssh_host_ed25519_key.pub`. Example: `"ssh-ed25519 AAAA…"`. */
  readonly hostKey: pulumi.Input<string>;
  /** Id of the guest, whose node is logged in to: commands get in by `pct exec` or the guest agent. Default: the guest itself is logged in to. Example: `101`. */
  readonly guestId?: pulumi.Input<number | undefined>;
  /** Another value has everything installed again: for a guest behind its node that was made anew. Default: none. Example: `container.macAddress`. */
  readonly incarnation?: pulumi.Input<string | undefined>;
  /** When dumps are made: a calendar event of Proxmox, in the guest's time zone. Default: `"03:00"`. Example: `"mon..fri 22:30"`. */
  readonly at?: pulumi.Input<string | undefined>;
  /** How many dumps stay; the newest good one always does. Default: 7 daily, 4 weekly, 12 monthly. Example: `{ daily: 14 }`. */
  readonly keep?: pulumi.Input<DumpKeepArgs | undefined>;
  /** Public keys of age that dumps are encrypted for. Default: not encrypted. Example: `["age1…"]`. */
  readonly recipients?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Percent that a part of a dump may be smaller than in the last one; 100 allows everything. Default: 50. Example: `80`. */
  readonly shrink?: pulumi.Input<number | undefined>;
  /** A smaller dump, before compression, is an error. Default: one byte. Example: `"10MiB"`. */
  readonly minimum?: pulumi.Input<string | undefined>;
  /** Folder in the guest below which dumps lie. Default: `"/var/backups/lifeboat"`. Example: `"/srv/dumps"`. */
  readonly folder?: pulumi.Input<string | undefined>;
  /** `false`: the timer stops, and dumps stay. Default: true. Example: `false`. */
  readonly enabled?: pulumi.Input<boolean | undefined>;
  /** Addresses from which the guest may be asked how its dumps are: those of exporters. Default: nobody. Example: `["192.0.2.140"]`. */
  readonly watchers?: pulumi.Input<pulumi.Input<string>[] | undefined>;
  /** Where dumps are copied to; all sources of a guest say the same. Default: nowhere. Example: `{ kind: "aws", … }`. */
  readonly offsite?: pulumi.Input<DumpCopiesArgs | undefined>;
}

/** How many dumps stay, in tiers by their own times in UTC. */
export interface DumpKeepArgs {
  /** The last dump of each of the last so many days that have one. Default: 0. Example: `7`. */
  readonly daily?: pulumi.Input<number | undefined>;
  /** The last dump of each of the last so many weeks that have one. Default: 0. Example: `4`. */
  readonly weekly?: pulumi.Input<number | undefined>;
  /** The last dump of each of the last so many months that have one. Default: 0. Example: `12`. */
  readonly monthly?: pulumi.Input<number | undefined>;
}

/** A bucket elsewhere, which is there already, for copies of dumps. */
export interface DumpCopiesArgs {
  /** Whose service it is: `aws`, `ovh` or `minio`. Example: `"aws"`. */
  readonly kind: pulumi.Input<string>;
  /** Address of the S3 service. Example: `"https://s3.eu-west-1.amazonaws.com"`. */
  readonly endpoint: pulumi.Input<string>;
  /** Region of the bucket. Example: `"eu-west-1"`. */
  readonly region: pulumi.Input<string>;
  /** The bucket. Example: `"example-copies"`. */
  readonly bucket: pulumi.Input<string>;
  /** The most that the guest sends in a second. Default: no limit. Example: `"4MiB"`. */
  readonly bandwidth?: pulumi.Input<string | undefined>;
  /** Environment below whose name copies lie. Example: `"prod"`. */
  readonly environment: pulumi.Input<string>;
  /** Guest below whose name copies lie. Example: `"web"`. */
  readonly guest: pulumi.Input<string>;
  /** The key that writes there, and can remove nothing. It is a secret from the start. Example: `config.requireSecretObject("writer")`. */
  readonly key: pulumi.Input<S3KeyArgs>;
  /** Text of the CA (PEM) that signed the service's certificate. Default: the CAs of the guest. Example: `fs.readFileSync("ca.pem", "utf8")`. */
  readonly authority?: pulumi.Input<string | undefined>;
}

/** A key of an S3 service. */
export interface S3KeyArgs {
  /** Its name at the service. Example: `"writer"`. */
  readonly accessKey: pulumi.Input<string>;
  /** Its secret half. Example: `config.requireSecret("writerSecret")`. */
  readonly secretKey: pulumi.Input<string>;
}
