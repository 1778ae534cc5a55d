import type { Download } from "./download";
import type { Seconds } from "./units";

/** Where the states of all stacks are kept (B1, B6): in a container that the program makes, or in a service that is there. */
export type StateStoreSettings = ContainerStateStore | ServiceStateStore;

interface AnyStateStore {
  /** What the buckets' names begin with. */
  readonly buckets: string;
  /** How long old versions of a state stay: whole days. */
  readonly expire: Seconds;
  readonly copies: StateCopies;
  readonly region: string;
}

/** A state store in one of the environment's own containers. */
export interface ContainerStateStore extends AnyStateStore {
  readonly kind: "container";
  /** Name of the container: always one of the environment's, with a fixed address. */
  readonly guest: string;
  /** Name of the container's disk that holds the data. */
  readonly disk: string;
  /** The server's program. */
  readonly server: Download;
  /** Networks that may reach the ports, `192.0.2.0/24`. */
  readonly allow: readonly string[];
  /** Networks that may reach SSH in the guest. Absent: all. */
  readonly allowSsh?: readonly string[] | undefined;
  readonly ports: {
    readonly api: number;
    /** Absent: the server has no console. */
    readonly console?: number | undefined;
  };
}

/** An S3 service that is there already. */
export interface ServiceStateStore extends AnyStateStore {
  readonly kind: "service";
  /** `https://host:port`, without a slash or path at its end. */
  readonly endpoint: string;
  /** PEM file; a relative path starts at the project's folder. Absent: the CAs of the system. */
  readonly ca?: string | undefined;
}

/** Where the states are besides the store (E6). */
export interface StateCopies {
  /** Folder on the operator's machine; a relative path starts at the project's folder. Absent: one in `$XDG_DATA_HOME`. */
  readonly folder?: string | undefined;
  /** A second S3 service, to which the store's guest copies on a schedule. */
  readonly offsite?: OffsiteCopies | undefined;
}

export interface OffsiteCopies {
  /** `https://host:port`, without a slash or path at its end. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** PEM file; a relative path starts at the project's folder. Absent: the CAs of the system. */
  readonly ca?: string | undefined;
  /** A calendar event, in the guest's time zone. */
  readonly schedule: string;
}

/** An S3 key. */
export interface KeyPair {
  readonly accessKey: string;
  /** Secret. */
  readonly secretKey: string;
}

/** Every secret of a state store. */
export interface StateStoreKeys {
  /** May do everything on the store. Absent with a service whose buckets and users the program does not make. */
  readonly root?: KeyPair | undefined;
  /** Private key (PEM, PKCS#8) of the authority that signs the server's certificate. Absent with a service. */
  readonly authorityKey?: string | undefined;
  /** Private key (PEM, PKCS#8) of the server. Absent with a service. */
  readonly serverKey?: string | undefined;
  /** Reads all buckets of the store, to copy them elsewhere. */
  readonly copier?: KeyPair | undefined;
  /** By the environment's name: reads and writes its bucket. */
  readonly identities: Readonly<Record<string, KeyPair>>;
  /** By the environment's name: reads its bucket. */
  readonly readers: Readonly<Record<string, KeyPair>>;
  /** By the guest's archive, `prod/db`: reads and writes the bucket of its WAL. Absent: no guest has one here. */
  readonly recovery?: Readonly<Record<string, RecoveryKey>> | undefined;
}

/** A guest's key to the bucket of its WAL. */
export interface RecoveryKey extends KeyPair {
  /** Sources that have been given a passphrase: they never get another one. */
  readonly sources: readonly string[];
  /** Folders of its archives that have been given a passphrase. */
  readonly folders?: readonly string[] | undefined;
}
