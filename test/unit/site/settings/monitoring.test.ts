import type { MonitoringSettings } from "../../../../site/settings/environment";
import { parseSettings } from "../../../../site/settings/parse-settings";
import { formatPath, formatProblems } from "../../../../site/settings/problem";
import { environmentOf } from "../../../support/example-environment";
import {
  exampleImages,
  exampleMetricsGuest,
  exampleMetricsMachine,
  exampleMonitoring,
  monitoringSettings,
} from "../../../support/example-monitoring";

function problemsOf(raw: unknown) {
  const parsed = parseSettings(raw, { environment: "monitoring" });
  return parsed.ok ? [] : parsed.problems;
}

function pathsOf(raw: unknown): string[] {
  return problemsOf(raw).map(({ path }) => formatPath(path));
}

function monitoringIn(other: Readonly<Record<string, unknown>>): MonitoringSettings {
  const { monitoring } = environmentOf(monitoringSettings({ monitoring: exampleMonitoring(other) }), "monitoring");
  if (monitoring === undefined) throw new Error("the example watches");
  return monitoring;
}

/** Only what is wrong with `lifeboat:monitoring`. */
function wrong(other: Readonly<Record<string, unknown>>): string[] {
  return pathsOf(monitoringSettings({ monitoring: exampleMonitoring(other) }));
}

/** The settings with a machine in place of the container. */
function machine(monitoring: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>> = {}) {
  return monitoringSettings({
    guests: { metrics: exampleMetricsMachine(other) },
    monitoring: exampleMonitoring(monitoring),
  });
}

test("the monitoring gets every default [A6, C1, C5]", () => {
  expect(monitoringIn({})).toEqual({
    guest: "metrics",
    disk: "data",
    images: {
      registry: "registry.example.com:5000",
      prometheus: `registry.example.com:5000/prom/prometheus@sha256:${"1".repeat(64)}`,
      alertmanager: `registry.example.com:5000/prom/alertmanager@sha256:${"2".repeat(64)}`,
      grafana: `registry.example.com:5000/grafana/grafana@sha256:${"3".repeat(64)}`,
    },
    exporter: { node: { from: "url", url: "http://192.0.2.1/node.tar.xz", sha256: "ab".repeat(32) }, interval: 300 },
    evaluation: 60,
    listen: "loopback",
    allow: [],
    allowSsh: undefined,
    retention: 15 * 86_400,
    receivers: [],
    backupAlerting: true,
  });
});

test("everything can be said otherwise [C1, C5]", () => {
  const found = monitoringIn({
    images: exampleImages({
      registry: undefined,
      grafana: { name: "grafana/grafana", digest: `sha256:${"4".repeat(64)}` },
    }),
    exporter: { node: { file: "node.tar.gz", sha256: "CD".repeat(32) }, interval: "30s" },
    evaluation: "2s",
    listen: "tls",
    allow: ["198.51.100.7"],
    allowSsh: ["192.0.2.0/24"],
    retention: "90d",
    receivers: {
      chat: { telegram: { chat: -1001 } },
      mail: { mail: { to: ["ops@example.com"], from: "alerts@example.com", server: "smtp.example.com:587" } },
      phone: { ntfy: { url: "https://ntfy.example.com/backups" } },
      hook: { webhook: {} },
    },
    backupAlerting: false,
  });
  expect(found).toMatchObject({
    images: { grafana: `docker.io/grafana/grafana@sha256:${"4".repeat(64)}` },
    exporter: { node: { from: "file", file: "node.tar.gz", sha256: "cd".repeat(32) }, interval: 30 },
    evaluation: 2,
    listen: "tls",
    allow: ["198.51.100.7/32"],
    allowSsh: ["192.0.2.0/24"],
    retention: 90 * 86_400,
    receivers: [
      { name: "chat", kind: "telegram", chat: -1001 },
      { name: "hook", kind: "webhook" },
      { name: "mail", kind: "mail", to: ["ops@example.com"], server: "smtp.example.com:587", tls: true },
      { name: "phone", kind: "ntfy", url: "https://ntfy.example.com/backups" },
    ],
    backupAlerting: false,
  });
  expect(monitoringIn({ images: exampleImages({ grafana: false }) }).images.grafana).toBeUndefined();
});

test("every mistake at once, with its path [A6]", () => {
  const raw = monitoringSettings({
    monitoring: exampleMonitoring({
      images: exampleImages({ prometheus: { name: "prom/prometheus:latest", digest: "latest" } }),
      exporter: { node: { sha256: "ab" }, interval: "2d" },
      evaluation: "0s",
      listen: "everywhere",
      retention: "5m",
      receivers: { a: {}, b: { webhook: {}, ntfy: {} }, c: { mail: { to: [], from: "x", server: "smtp" } } },
      backupAlerting: "no",
      alertAll: true,
    }),
  });
  expect(formatProblems(problemsOf(raw), "monitoring")).toMatchSnapshot();
});

test("pages that answer outside of the guest need networks, and a Grafana [C1]", () => {
  expect(wrong({ listen: "tls" })).toEqual(["lifeboat:monitoring.allow"]);
  expect(wrong({ allow: ["192.0.2.0/24"] })).toEqual(["lifeboat:monitoring.allow"]);
  const noGrafana = { listen: "tls", allow: ["192.0.2.0/24"], images: exampleImages({ grafana: false }) };
  expect(wrong(noGrafana)).toEqual(["lifeboat:monitoring.listen"]);
});

test("what the monitoring needs of its guest is asked for by path [C1]", () => {
  const guest = (other: Readonly<Record<string, unknown>>) =>
    pathsOf(monitoringSettings({ guests: { metrics: exampleMetricsGuest(other) } }));
  const network = { bridge: "vmbr0", address: "192.0.2.131/24", gateway: "192.0.2.1" };
  expect(guest({ nesting: false })).toEqual(["lifeboat:guests.metrics.nesting"]);
  expect(guest({ network })).toEqual(["lifeboat:guests.metrics.network.firewall"]);
  expect(guest({ network: { bridge: "vmbr0", address: "dhcp", firewall: true } })).toEqual([
    "lifeboat:guests.metrics.network.address",
  ]);
  expect(guest({ disks: {} })).toEqual(["lifeboat:monitoring.disk"]);
  const optOut = { exclude: "can be lost", owner: "ops", until: "2035-12-31" };
  expect(guest({ backup: optOut })).toEqual(["lifeboat:guests.metrics.backup"]);
  const data = { mount: "/var/lib/prometheus", storage: "local", size: "20GiB", backup: optOut };
  expect(guest({ disks: { data } })).toEqual(["lifeboat:guests.metrics.disks.data.backup"]);
  expect(pathsOf(monitoringSettings({ guests: { metrics: { adopt: 301 } } }))).toEqual(["lifeboat:monitoring.guest"]);
  expect(pathsOf(monitoringSettings({ guests: {} }))).toEqual(["lifeboat:monitoring.guest"]);
});

test("a machine keeps what is written on its first disk, or on an empty one of scsi [C1]", () => {
  expect(environmentOf(machine({}), "monitoring").monitoring?.disk).toBeUndefined();
  expect(environmentOf(machine({ disk: "scsi1" }), "monitoring").monitoring?.disk).toBe("scsi1");
  expect(pathsOf(machine({ disk: "scsi0" }))).toEqual(["lifeboat:monitoring.disk"]);
  expect(pathsOf(machine({ disk: "scsi2" }))).toEqual(["lifeboat:monitoring.disk"]);
  const disks = { scsi0: { storage: "local", size: "8GiB" }, virtio1: { storage: "local", size: "8GiB" } };
  expect(pathsOf(machine({ disk: "virtio1" }, { disks }))).toEqual(["lifeboat:monitoring.disk"]);
});

test("secrets are by the names of their receivers and environments, and no problem shows one [C1, B2]", () => {
  const monitoringSecrets = {
    grafanaPassword: "correct-horse-battery",
    receivers: { hook: "https://hooks.example.com/T0/B0/x" },
    tokens: { prod: "watch@pve!lifeboat=00000000-0000-0000-0000-000000000000" },
  };
  expect(environmentOf(monitoringSettings({ monitoringSecrets }), "monitoring").monitoringSecrets).toEqual(
    monitoringSecrets,
  );
  const broken = { grafanaPassword: "too-short", tokens: { prod: "none-of-this" } };
  const problems = problemsOf(monitoringSettings({ monitoringSecrets: broken }));
  expect(problems.map(({ path }) => formatPath(path))).toEqual([
    "lifeboat:monitoringSecrets.grafanaPassword",
    "lifeboat:monitoringSecrets.tokens.prod",
  ]);
  expect(JSON.stringify(problems)).not.toMatch(/too-short|none-of-this/);
});

test("alerts link their pages below an address of the site's own, which is one [A6, C3]", () => {
  expect(monitoringIn({ runbooks: "https://docs.example.com/lifeboat" }).runbooks).toBe(
    "https://docs.example.com/lifeboat",
  );
  expect(wrong({ runbooks: "docs" })).toEqual(["lifeboat:monitoring.runbooks"]);
});
