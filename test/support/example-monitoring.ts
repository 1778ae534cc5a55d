/** Settings of an environment that watches, as `Pulumi.monitoring.yaml` could write them. */
export function monitoringSettings(other: Readonly<Record<string, unknown>> = {}) {
  return {
    profile: "monitoring",
    proxmox: { endpoint: "https://192.0.2.13:8006", node: "pve-mon", ca: "site-ca.pem" },
    backup: { storage: { id: "backup", type: "dir", path: "/mnt/backup" } },
    guests: { metrics: exampleMetricsGuest() },
    monitoring: exampleMonitoring(),
    ...other,
  };
}

/** `lifeboat:monitoring` with nothing in it that has a default. */
export function exampleMonitoring(other: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    guest: "metrics",
    images: exampleImages(),
    exporter: { node: { url: "http://192.0.2.1/node.tar.xz", sha256: "ab".repeat(32) } },
    ...other,
  };
}

/** Images of a registry of the site's own. */
export function exampleImages(other: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    registry: "registry.example.com:5000",
    prometheus: { name: "prom/prometheus", digest: `sha256:${"1".repeat(64)}` },
    alertmanager: { name: "prom/alertmanager", digest: `sha256:${"2".repeat(64)}` },
    grafana: { name: "grafana/grafana", digest: `sha256:${"3".repeat(64)}` },
    ...other,
  };
}

/** The container of the services. */
export function exampleMetricsGuest(other: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    kind: "container",
    id: 301,
    template: "local:vztmpl/debian-12-standard_amd64.tar.zst",
    root: { storage: "local", size: "8GiB" },
    disks: { data: { mount: "/var/lib/prometheus", storage: "local", size: "20GiB" } },
    network: { bridge: "vmbr0", address: "192.0.2.131/24", gateway: "192.0.2.1", firewall: true },
    nesting: true,
    ...other,
  };
}

/** The same as a virtual machine, with an empty second disk. */
export function exampleMetricsMachine(other: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    kind: "virtual-machine",
    id: 301,
    disks: {
      scsi0: { storage: "local", size: "8GiB", image: "local:import/debian-12.qcow2" },
      scsi1: { storage: "local", size: "20GiB" },
    },
    network: { bridge: "vmbr0", address: "192.0.2.131/24", gateway: "192.0.2.1", firewall: true },
    cloudInit: { storage: "local" },
    ...other,
  };
}
