/** Point-in-time recovery of a PostgreSQL cluster (I7). */
export interface PointInTimeSettings {
  /** The S3 service to which WAL and backups go. Absent: the site's own store, with a bucket and a key that are made. */
  readonly store?: PointInTimeStore | undefined;
  /** Folder in the bucket; absent: one of the guest's own. */
  readonly folder?: string | undefined;
  /** `15/main`; absent: that of the source's port. */
  readonly cluster?: string | undefined;
  /** Seconds after which what was written is archived, also where a WAL segment is not full: the most that can be lost. */
  readonly archiveTimeout: number;
  /** When full backups are made, and when differential ones: calendar events of Proxmox, in the guest's time zone. */
  readonly full: string;
  readonly differential: string;
  /** Full backups that stay, with all WAL since the oldest of them. */
  readonly keep: number;
  /** PostgreSQL may be restarted, once, for `archive_mode`. */
  readonly restart: boolean;
}

/** A bucket of an S3 service. */
export interface PointInTimeStore {
  /** `https://s3.example.com:9000`; its host is a DNS name, which the certificate has. */
  readonly endpoint: string;
  /** IP address of the service where the guest knows no such name. */
  readonly address?: string | undefined;
  readonly region: string;
  readonly bucket: string;
  /** PEM file of the authority that vouches for it. Absent: those of the guest's system. */
  readonly ca?: string | undefined;
}

/** What opens it. */
export interface PointInTimeKeysGiven {
  readonly accessKey: string;
  readonly secretKey: string;
  /** What is archived is encrypted with it in the guest. Without it nothing is recovered. */
  readonly passphrase: string;
  /** The folder that it opens. Absent: the one of the settings. */
  readonly folder?: string | undefined;
  /** By folder: passphrases of archives that were begun before. */
  readonly former?: Readonly<Record<string, string>> | undefined;
  /** Text of the file that `store.ca` names (PEM), where it names one. */
  readonly authority?: string | undefined;
}
