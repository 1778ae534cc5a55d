import type { Download } from "./download";
import type { KeyPair } from "./state-store";
import type { Seconds } from "./units";

/** Prometheus, Alertmanager and Grafana in one of the environment's own guests (C1), watching every environment of the project. */
export interface MonitoringSettings {
  /** Name of the guest: always one that the program makes, with a fixed address. */
  readonly guest: string;
  /** Disk for what the services write: a container's by its name, a machine's by its key. Absent: a machine's first disk. */
  readonly disk?: string | undefined;
  readonly images: MonitoringImages;
  readonly exporter: ExporterSettings;
  /** How often Prometheus scrapes and evaluates its rules. */
  readonly evaluation: Seconds;
  /** Where Grafana's pages answer: in the guest only, or on its address with TLS. */
  readonly listen: "loopback" | "tls";
  /** Networks that may reach Grafana, `192.0.2.0/24`. None with `loopback`. */
  readonly allow: readonly string[];
  /** Networks that may reach SSH in the guest. Absent: all. */
  readonly allowSsh?: readonly string[] | undefined;
  /** How long Prometheus keeps measurements. */
  readonly retention: Seconds;
  /** Who Alertmanager tells, sorted by name. None: alerts are seen on its page only. */
  readonly receivers: readonly Receiver[];
  /** Address of the folder that has `docs/runbooks`. Absent: alerts name their pages by the path in this project. */
  readonly runbooks?: string | undefined;
  /** Off: Prometheus has no rules about backups (C5). */
  readonly backupAlerting: boolean;
}

/** Images by their digests: `registry.example.com:5000/prom/prometheus@sha256:…`. */
export interface MonitoringImages {
  readonly prometheus: string;
  readonly alertmanager: string;
  /** Absent: there is no Grafana. */
  readonly grafana?: string | undefined;
  /** Host and port of the registry; absent: Docker's own. */
  readonly registry?: string | undefined;
  /** PEM file of the CA that signed the registry's certificate; a relative path starts at the project's folder. */
  readonly ca?: string | undefined;
}

/** `lifeboat exporter` in the guest. */
export interface ExporterSettings {
  /** Node's official archive for the guest. */
  readonly node: Download;
  /** How often it looks at the nodes. */
  readonly interval: Seconds;
}

/** One that Alertmanager tells. */
export type Receiver = { readonly name: string } & (WebhookReceiver | MailReceiver | NtfyReceiver | TelegramReceiver);

export interface WebhookReceiver {
  readonly kind: "webhook";
  /** Absent: the address is the receiver's secret. */
  readonly url?: string | undefined;
}

export interface MailReceiver {
  readonly kind: "mail";
  readonly to: readonly string[];
  readonly from: string;
  /** `smtp.example.com:587` */
  readonly server: string;
  /** Its password is the receiver's secret. Absent: the server takes mail without a login. */
  readonly user?: string | undefined;
  /** Off: mail may go without TLS. */
  readonly tls: boolean;
}

export interface NtfyReceiver {
  readonly kind: "ntfy";
  /** `https://ntfy.example.com/TOPIC`. An access token may be the receiver's secret. */
  readonly url: string;
}

export interface TelegramReceiver {
  readonly kind: "telegram";
  /** Number of the chat; the bot's token is the receiver's secret. */
  readonly chat: number;
}

/** The decrypted secret `lifeboat:monitoringSecrets`. */
export interface MonitoringSecrets {
  /** Of Grafana's user `admin`. */
  readonly grafanaPassword?: string | undefined;
  /** Private key (PEM, PKCS#8) of the authority that signs Grafana's certificate. */
  readonly authorityKey?: string | undefined;
  /** Private key (PEM, PKCS#8) of Grafana's certificate. */
  readonly serverKey?: string | undefined;
  /** By the receiver's name: a webhook's address, a mail server's password, ntfy's access token, a bot's token. */
  readonly receivers: Readonly<Record<string, string>>;
  /** A key that only reads the second S3 service. Absent: how old copies there are is not known. */
  readonly offsiteKey?: KeyPair | undefined;
  /** By the environment's name: the token with which the exporter looks at it. */
  readonly tokens: Readonly<Record<string, string>>;
}
