/** Where everything of the monitoring is in its guest. */

/** One of the services in Docker. */
export type ServiceName = "prometheus" | "alertmanager" | "grafana";

/**
 * Folder of what an installation brings. Each service has a folder in it with its releases and the link `current`: Docker binds
 * a link's target when it makes a container, and only within a bound folder a service sees that the link leads elsewhere.
 */
export const baseFolder = "/opt/lifeboat-monitoring";

/** Where a service sees its folder of {@link baseFolder}. */
export const configFolder = "/etc/lifeboat/current";

/** Where a service sees its folder on the disk for data. */
export const dataInService = "/data";

/** Where a machine has its disk for data, or the folder on its first disk. A container has the mount point of its disk. */
export const machineDataFolder = "/var/lib/lifeboat-monitoring";

/** Project of Compose, and the beginning of the containers' names. */
export const composeProject = "lifeboat-monitoring";

/** Unit of the exporter. */
export const exporterUnit = "lifeboat-exporter";

/**
 * Numbers of the services' users, in the guest and in their containers. Fixed, so that the data of a restored disk belong to
 * the same services; one each, so that none reads the secrets of another. Distributions give out no numbers of this range.
 */
export const userIds: Readonly<Record<ServiceName, number>> = {
  prometheus: 61_090,
  alertmanager: 61_093,
  grafana: 61_300,
};

/** Ports. All but Grafana's are open in the guest only. */
export const ports = { prometheus: 9090, alertmanager: 9093, grafana: 3000, exporter: 9941 } as const;

/** Where Prometheus and Alertmanager answer: neither has a login. */
export const loopback = "127.0.0.1";

/** Where Grafana answers. */
export interface GrafanaPlace {
  readonly protocol: "http" | "https";
  /** `127.0.0.1`, or the guest's address. */
  readonly address: string;
}

/** `https://192.0.2.131:3000`; an IPv6 address gets its brackets. */
export function urlOf(address: string, port: number, protocol: GrafanaPlace["protocol"] = "http"): string {
  return `${protocol}://${address.includes(":") ? `[${address}]` : address}:${String(port)}`;
}
