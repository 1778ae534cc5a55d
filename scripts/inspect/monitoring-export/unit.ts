import { exporterService } from "../../../site/monitoring/exporter-service";
import { systemdQuote, systemdWord } from "../../clients/systemd-quote";

/** How the exporter is started. */
export interface ExporterSettings {
  /** Where it answers: `192.0.2.133:9941`. */
  readonly listen: string;
  /** How often it looks, as it was given: `5m`. */
  readonly interval: string;
  /** Words that start `lifeboat`, absolute paths. */
  readonly program: readonly string[];
}

/** Where an administrator is told to put what the exporter reads. */
const project = "/etc/lifeboat/project";
const credentials = "/etc/lifeboat/credentials";

/** A unit of systemd for `lifeboat exporter` on a machine of the site's own. */
export function exporterUnit({ program, listen, interval }: ExporterSettings): string {
  const words = [...program, "exporter", "--credentials", credentials, "--listen", listen, "--interval", interval];
  return [
    `# ${project}: a copy of the folder with Pulumi.yaml and its settings.`,
    `# ${credentials}: ENV.token, and ENV.state-key where the state is to be watched; only the user lifeboat reads them.`,
    "# useradd --system lifeboat makes that user.",
    "[Unit]",
    "Description=Lifeboat's exporter for Prometheus",
    "Wants=network-online.target",
    "After=network-online.target",
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    "User=lifeboat",
    "StateDirectory=lifeboat-exporter",
    "CacheDirectory=lifeboat-exporter",
    `Environment=${systemdQuote(`LIFEBOAT_PROJECT=${project}`)}`,
    "Environment=HOME=/var/lib/lifeboat-exporter XDG_STATE_HOME=/var/lib/lifeboat-exporter",
    "Environment=XDG_DATA_HOME=/var/lib/lifeboat-exporter XDG_CACHE_HOME=/var/cache/lifeboat-exporter",
    `ExecStart=${words.map(systemdWord).join(" ")}`,
    ...exporterService("readable"),
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
}
