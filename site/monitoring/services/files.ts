import type { MonitoringSecrets, MonitoringSettings } from "../../settings/environment";
import { alertmanagerFile } from "./alertmanager";
import { composeFile } from "./compose";
import { grafanaCertificate, grafanaFiles, grafanaSecrets } from "./grafana";
import { type GrafanaPlace, loopback, type ServiceName } from "./places";
import { prometheusFile } from "./prometheus";

/** A file of a release. */
export interface ReleaseFile {
  /** Whose folder it is in. `stack`: what the installation itself needs. */
  readonly of: ServiceName | "stack";
  /** Below that folder. */
  readonly name: string;
  readonly text: string;
  /** Only its service reads it. */
  readonly secret: boolean;
}

/** What Grafana's TLS needs. */
export interface PagesCertificate {
  /** Certificate of the server (PEM). */
  readonly certificate: string;
  /** Private key of the server (PEM). Secret. */
  readonly key: string;
  /** Certificate of the authority (PEM). */
  readonly authority: string;
}

export interface ServiceFiles {
  readonly monitoring: MonitoringSettings;
  /** Address of the guest. */
  readonly address: string;
  /** Folder on the disk for data. */
  readonly data: string;
  readonly secrets: {
    /** Of Grafana's user `admin`. Absent: there is no Grafana. */
    readonly grafanaPassword?: string | undefined;
    readonly receivers: MonitoringSecrets["receivers"];
  };
  /** Absent: Grafana answers in the guest only. */
  readonly pages?: PagesCertificate | undefined;
  /** Text of each rule file by its name. */
  readonly rules: Readonly<Record<string, string>>;
  /** Text of each dashboard by its file's name. */
  readonly dashboards: Readonly<Record<string, string>>;
}

/** Where Grafana answers; undefined: there is none. */
export function grafanaPlace(
  { images, listen }: Pick<MonitoringSettings, "images" | "listen">,
  address: string,
): GrafanaPlace | undefined {
  if (images.grafana === undefined) return undefined;
  return listen === "tls" ? { protocol: "https", address } : { protocol: "http", address: loopback };
}

/** Every file of the services, in one order: the same settings give the same list. */
export function serviceFiles(args: ServiceFiles): ReleaseFile[] {
  const { monitoring, address, data, secrets, pages, rules, dashboards } = args;
  const grafana = grafanaPlace(monitoring, address);
  const compose = { monitoring, images: monitoring.images, data, grafana: grafana ?? inGuest };
  return [
    open("stack", "compose.yaml", composeFile(compose)),
    open("prometheus", "prometheus.yml", prometheusFile({ evaluation: monitoring.evaluation, grafana })),
    ...sorted(rules).map(([name, text]) => open("prometheus", `rules/${name}`, text)),
    secret("alertmanager", "alertmanager.yml", alertmanagerFile(monitoring, secrets.receivers)),
    ...(grafana === undefined
      ? []
      : [
          secret("grafana", grafanaSecrets.password, secrets.grafanaPassword ?? ""),
          ...sorted(grafanaFiles(dashboards)).map(([name, text]) => open("grafana", name, text)),
          ...(pages === undefined ? [] : certificateFiles(pages)),
        ]),
  ];
}

const inGuest: GrafanaPlace = { protocol: "http", address: loopback };

function certificateFiles({ certificate, key, authority }: PagesCertificate): ReleaseFile[] {
  return [
    open("prometheus", "grafana-authority.pem", authority),
    open("grafana", grafanaCertificate, certificate),
    secret("grafana", grafanaSecrets.key, key),
  ];
}

function open(of: ReleaseFile["of"], name: string, text: string): ReleaseFile {
  return { of, name, text, secret: false };
}

function secret(of: ReleaseFile["of"], name: string, text: string): ReleaseFile {
  return { of, name, text, secret: true };
}

function sorted(files: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
}
