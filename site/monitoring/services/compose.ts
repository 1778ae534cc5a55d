import type { MonitoringImages, MonitoringSettings } from "../../settings/environment";
import { grafanaVariables } from "./grafana";
import {
  baseFolder,
  composeProject,
  configFolder,
  dataInService,
  type GrafanaPlace,
  loopback,
  ports,
  type ServiceName,
  urlOf,
  userIds,
} from "./places";
import { prometheusDuration } from "../prometheus-duration";
import { yamlText } from "./yaml-text";

export interface ComposeSettings {
  readonly monitoring: Pick<MonitoringSettings, "retention">;
  readonly images: Pick<MonitoringImages, ServiceName>;
  /** Folder on the disk for data, with a folder for each service. */
  readonly data: string;
  /** Of no use where the images have no Grafana. */
  readonly grafana: GrafanaPlace;
}

/**
 * The Compose file, for Compose 1.29 and 2. It holds no secret: each service reads its own from a file.
 *
 * The services share the guest's network. Prometheus then reaches the exporter, which answers on the guest's loopback only, and
 * "loopback" is what the guest itself says it is: a port that Docker publishes goes past the guest's own rules.
 */
export function composeFile({ monitoring, images, data, grafana }: ComposeSettings): string {
  const services = {
    prometheus: {
      ...common("prometheus", images.prometheus, data),
      // It writes what it has in memory.
      stop_grace_period: "2m",
      command: [
        `--config.file=${configFolder}/prometheus.yml`,
        `--storage.tsdb.path=${dataInService}`,
        `--storage.tsdb.retention.time=${prometheusDuration(monitoring.retention)}`,
        `--web.listen-address=${loopback}:${String(ports.prometheus)}`,
        `--web.external-url=${urlOf("localhost", ports.prometheus)}`,
      ],
    },
    alertmanager: {
      ...common("alertmanager", images.alertmanager, data),
      command: [
        `--config.file=${configFolder}/alertmanager.yml`,
        `--storage.path=${dataInService}`,
        `--web.listen-address=${loopback}:${String(ports.alertmanager)}`,
        `--web.external-url=${urlOf("localhost", ports.alertmanager)}`,
        // It is alone: no port for others of its kind.
        "--cluster.listen-address=",
      ],
    },
    ...(images.grafana === undefined
      ? {}
      : {
          grafana: {
            ...common("grafana", images.grafana, data),
            tmpfs: ["/tmp"],
            // `$$`: Compose would read `$` itself.
            environment: mapValues(grafanaVariables(grafana), (text) => text.replaceAll("$", "$$$$")),
          },
        }),
  };
  // No version of the file: Compose 1.29 needs none, and Compose 2 warns of it.
  return yamlText({ services });
}

/** What each service has: its image, its user, its files to read, its folder to write, and nothing else of the guest. */
function common(name: ServiceName, image: string, data: string) {
  const user = String(userIds[name]);
  return {
    image,
    container_name: `${composeProject}-${name}`,
    user: `${user}:${user}`,
    network_mode: "host",
    // Docker takes any signal that it was asked to send, as for a reload, for a stop by hand: `unless-stopped` would leave the
    // service down after the guest's next start, and after its own next death.
    restart: "always",
    read_only: true,
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
    logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } },
    // The long form: with the short one Docker makes a folder where there is none, such as on the root disk for data.
    volumes: [
      {
        type: "bind",
        source: `${baseFolder}/${name}`,
        target: configFolder.replace(/\/current$/u, ""),
        read_only: true,
      },
      { type: "bind", source: `${data}/${name}`, target: dataInService },
    ],
  };
}

function mapValues(record: Readonly<Record<string, string>>, change: (value: string) => string) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
