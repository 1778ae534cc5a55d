import { grafanaSecrets } from "../../site/monitoring/services/grafana";
import type { ReleaseFile } from "../../site/monitoring/services/files";
import { baseFolder, type GrafanaPlace, loopback, ports, urlOf } from "../../site/monitoring/services/places";
import { jobsOf } from "../../site/monitoring/services/prometheus";
import type { Seconds } from "../../site/settings/environment";
import { checkScript } from "./check-script";

interface Watched {
  readonly evaluation: Seconds;
  /** Absent: there is no Grafana. */
  readonly grafana: GrafanaPlace | undefined;
  /** Names of the alerts that have to be there. */
  readonly alerts: readonly string[];
  /** Folder of the services' data in the guest. */
  readonly data: string;
  /** Uids of the dashboards that have to be there. */
  readonly dashboards: readonly string[];
}

const options = "curl-options";

/** The check of the services in their guest, what it needs besides, and for how many seconds an installation asks it. */
export function servicesCheck({ evaluation, grafana, alerts, data, dashboards }: Watched): {
  readonly script: string;
  readonly options: readonly ReleaseFile[];
  readonly patience: Seconds;
} {
  const authority = `cacert = "${baseFolder}/prometheus/current/grafana-authority.pem"\n`;
  const script = checkScript({
    urls: {
      prometheus: urlOf(loopback, ports.prometheus),
      alertmanager: urlOf(loopback, ports.alertmanager),
      grafana: grafana === undefined ? "" : urlOf(grafana.address, ports.grafana, grafana.protocol),
    },
    curlOptions: grafana?.protocol === "https" ? `${baseFolder}/stack/current/${options}` : undefined,
    jobs: jobsOf({ grafana }),
    alerts,
    data,
    grafana: grafana && { dashboards, passwordFile: `${baseFolder}/grafana/current/${grafanaSecrets.password}` },
  });
  const isSecure = grafana?.protocol === "https";
  return {
    script,
    options: isSecure ? [{ of: "stack", name: options, text: authority, secret: false }] : [],
    // Each target is scraped for the first time within one interval.
    patience: 90 + 2 * evaluation,
  };
}
