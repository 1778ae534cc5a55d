import { quote } from "../install/shell";
import { exporterService } from "../../site/monitoring/exporter-service";
import { baseFolder, exporterUnit, loopback, ports } from "../../site/monitoring/services/places";
import type { Seconds } from "../../site/settings/environment";

/** What `lifeboat exporter` needs in the guest. */
export interface ExporterFiles {
  /** How often it looks. */
  readonly interval: Seconds;
  /** Text of each file of the project by its name, without secrets: `Pulumi.yaml`, `Pulumi.prod.yaml`, certificates of authorities. */
  readonly project: Readonly<Record<string, string>>;
  /** Text of each credential by its file's name: `prod.token`. Secret. */
  readonly credentials: Readonly<Record<string, string>>;
}

/** Folder of the exporter's release. */
const current = `${baseFolder}/exporter/current`;

/**
 * The exporter's unit of systemd. Its user is made up by systemd at each start, and reads its credentials where systemd puts them:
 * in memory, for this service alone.
 */
export function exporterUnitFile({ interval, credentials }: Omit<ExporterFiles, "project">, node: string): string {
  const names = Object.keys(credentials).sort();
  // Without any there would be no folder for them, and no exporter that says what it lacks.
  const loaded =
    names.length === 0
      ? ["SetCredential=none:none"]
      : names.map((name) => `LoadCredential=${name}:${current}/credentials/${name}`);
  const words = [
    `${node}/bin/node`,
    `${current}/lifeboat.cjs`,
    "exporter",
    "--project",
    `${current}/project`,
    "--credentials",
    "${CREDENTIALS_DIRECTORY}",
    "--listen",
    `${loopback}:${String(ports.exporter)}`,
    "--interval",
    `${String(interval)}s`,
  ];
  return `# Written by Lifeboat: changes to this file are overwritten.
[Unit]
Description=Lifeboat's exporter for Prometheus
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=exec
DynamicUser=yes
${loaded.join("\n")}
StateDirectory=${exporterUnit}
CacheDirectory=${exporterUnit}
Environment=HOME=/var/lib/${exporterUnit} XDG_STATE_HOME=/var/lib/${exporterUnit} XDG_DATA_HOME=/var/lib/${exporterUnit} XDG_CACHE_HOME=/var/cache/${exporterUnit}
WorkingDirectory=${current}/project
ExecStart=${words.map((word) => (word.startsWith("$") ? word : quote(word))).join(" ")}
${exporterService("hidden").join("\n")}

[Install]
WantedBy=multi-user.target
`;
}
