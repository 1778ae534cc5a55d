import type { MonitoringImages, MonitoringSecrets, MonitoringSettings } from "./environment";
import type { MonitoringEntry } from "./monitoring-schema";
import type { MonitoringSecretsEntry } from "./monitoring-secrets-schema";

const minute = 60;
const day = 86_400;

/**
 * Fills in every default of `lifeboat:monitoring`.
 *
 * @param kinds of the environment's guests, by their names
 */
export function completeMonitoring(entry: MonitoringEntry, kinds: ReadonlyMap<string, string>): MonitoringSettings {
  return {
    guest: entry.guest,
    disk: entry.disk ?? (kinds.get(entry.guest) === "container" ? "data" : undefined),
    images: completeImages(entry.images),
    exporter: { node: entry.exporter.node, interval: entry.exporter.interval ?? 5 * minute },
    evaluation: entry.evaluation ?? minute,
    listen: entry.listen ?? "loopback",
    allow: entry.allow ?? [],
    allowSsh: entry.allowSsh,
    retention: entry.retention ?? 15 * day,
    receivers: (entry.receivers ?? []).map(([name, receiver]) => ({ name, ...receiver })),
    runbooks: entry.runbooks,
    backupAlerting: entry.backupAlerting ?? true,
  };
}

function completeImages({ registry, ca, ...images }: MonitoringEntry["images"]): MonitoringImages {
  // Without a registry's name Docker would ask whichever its own settings name first.
  const from = registry ?? "docker.io";
  const reference = ({ name, digest }: { readonly name: string; readonly digest: string }) =>
    `${from}/${name}@${digest}`;
  return {
    prometheus: reference(images.prometheus),
    alertmanager: reference(images.alertmanager),
    ...(images.grafana === false ? {} : { grafana: reference(images.grafana) }),
    registry,
    ca,
  };
}

/** Secrets by the names of their receivers and environments. */
export function completeMonitoringSecrets({
  receivers = [],
  tokens = [],
  ...rest
}: MonitoringSecretsEntry): MonitoringSecrets {
  return { ...rest, receivers: Object.fromEntries(receivers), tokens: Object.fromEntries(tokens) };
}
