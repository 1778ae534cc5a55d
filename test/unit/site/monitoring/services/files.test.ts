import { parse } from "yaml";
import { type ServiceFiles, serviceFiles } from "../../../../../site/monitoring/services/files";
import {
  missingReceiverSecrets,
  unfitReceiverSecrets,
  unusedReceiverSecrets,
} from "../../../../../site/monitoring/services/alertmanager";
import { jobsOf } from "../../../../../site/monitoring/services/prometheus";
import { environmentOf } from "../../../../support/example-environment";
import { exampleImages, exampleMonitoring, monitoringSettings } from "../../../../support/example-monitoring";

const receivers = {
  chat: { telegram: { chat: -1001 } },
  hook: { webhook: {} },
  mail: {
    mail: {
      to: ["ops@example.com", "two@example.com"],
      from: "a@example.com",
      server: "smtp.example.com:587",
      user: "a",
    },
  },
  open: { webhook: { url: "http://192.0.2.9/alerts" } },
  phone: { ntfy: { url: "https://ntfy.example.com/backups" } },
};

const secrets = {
  grafanaPassword: "not-a-real-password",
  receivers: {
    chat: "1:not-a-real-token",
    hook: "https://192.0.2.9/not-a-real-path",
    mail: "yes",
    phone: "not-a-real-key",
  },
};

const pages = { certificate: "certificate\n", key: "not-a-real-key\n", authority: "authority\n" };

function settingsOf(other: Readonly<Record<string, unknown>>) {
  const { monitoring } = environmentOf(monitoringSettings({ monitoring: exampleMonitoring(other) }), "monitoring");
  if (monitoring === undefined) throw new Error("the example watches");
  return monitoring;
}

function filesOf(settings: Readonly<Record<string, unknown>> = {}, other: Partial<ServiceFiles> = {}) {
  return serviceFiles({
    monitoring: settingsOf({ receivers, ...settings }),
    address: "192.0.2.131",
    data: "/var/lib/prometheus",
    secrets,
    rules: { "backups.yaml": "groups: []\n" },
    dashboards: { "backup-overview.json": "{}\n" },
    ...other,
  });
}

function textOf(files: ReturnType<typeof filesOf>, path: string): string {
  const found = files.find(({ of, name }) => `${of}/${name}` === path);
  if (found === undefined) throw new Error(`there is no ${path}`);
  return found.text;
}

const tls = { listen: "tls", allow: ["192.0.2.0/24"] };

test("Compose runs each service by its digest, with a user of its own, nothing to write but its data, on the guest's loopback [C1]", () => {
  expect(textOf(filesOf(), "stack/compose.yaml")).toMatchSnapshot();
});

test("Prometheus scrapes the exporter, itself and the others at its interval, and tells Alertmanager [C1]", () => {
  expect(textOf(filesOf({ evaluation: "2s" }), "prometheus/prometheus.yml")).toMatchSnapshot();
  expect(jobsOf({ grafana: undefined })).toEqual(["lifeboat", "prometheus", "alertmanager"]);
});

test("Alertmanager tells every receiver of every alert, and of its end [C1]", () => {
  expect(textOf(filesOf(), "alertmanager/alertmanager.yml")).toMatchSnapshot();
});

test("no secret is in a file that anybody but its service reads [C1, B2]", () => {
  const files = filesOf(tls, { pages });
  const held = files.filter(({ text }) => /not-a-real|auth_password/.test(text));
  expect(held.map(({ of, name, secret }) => [of, name, secret])).toEqual([
    ["alertmanager", "alertmanager.yml", true],
    ["grafana", "admin-password", true],
    ["grafana", "tls.key", true],
  ]);
  expect(files.filter(({ secret }) => secret)).toHaveLength(3);
  // A password that looks like something else in YAML is still that text.
  const [, , , mail] = parse(textOf(files, "alertmanager/alertmanager.yml"), { version: "1.1" }).receivers;
  expect(mail.email_configs[0].auth_password).toBe("yes");
});

test("with TLS Grafana answers on the guest's address, and Prometheus knows whom it trusts; nothing else is open [C1]", () => {
  const files = filesOf(tls, { pages });
  const { services } = parse(textOf(files, "stack/compose.yaml"));
  expect(services.grafana.environment).toMatchObject({
    GF_SERVER_PROTOCOL: "https",
    GF_SERVER_HTTP_ADDR: "192.0.2.131",
    GF_SERVER_CERT_FILE: "/etc/lifeboat/current/tls.crt",
  });
  expect(services.prometheus.command).toContain("--web.listen-address=127.0.0.1:9090");
  expect(services.alertmanager.command).toContain("--web.listen-address=127.0.0.1:9093");
  const jobs = parse(textOf(files, "prometheus/prometheus.yml")).scrape_configs;
  expect(jobs.at(-1)).toEqual({
    job_name: "grafana",
    scheme: "https",
    tls_config: { ca_file: "/etc/lifeboat/current/grafana-authority.pem" },
    static_configs: [{ targets: ["192.0.2.131:3000"] }],
  });
});

test("without Grafana there is neither its service nor a file of it [C1]", () => {
  const files = filesOf({ images: exampleImages({ grafana: false }) });
  expect(files.filter(({ of }) => of === "grafana")).toEqual([]);
  expect(Object.keys(parse(textOf(files, "stack/compose.yaml")).services)).toEqual(["prometheus", "alertmanager"]);
  expect(textOf(files, "prometheus/prometheus.yml")).not.toContain("grafana");
});

test("Grafana has its data sources and dashboards when it starts [C1, C4]", () => {
  const files = filesOf();
  const { datasources } = parse(textOf(files, "grafana/provisioning/datasources/lifeboat.yaml"));
  expect(datasources).toEqual([
    expect.objectContaining({ type: "prometheus", url: "http://127.0.0.1:9090", isDefault: true }),
    expect.objectContaining({ type: "alertmanager", url: "http://127.0.0.1:9093" }),
  ]);
  const { providers } = parse(textOf(files, "grafana/provisioning/dashboards/lifeboat.yaml"));
  expect(providers).toEqual([expect.objectContaining({ options: { path: "/etc/lifeboat/current/dashboards" } })]);
  expect(textOf(files, "grafana/dashboards/backup-overview.json")).toBe("{}\n");
});

test("which receivers lack their secret, and which secrets nobody has [C1]", () => {
  const { receivers: settings } = settingsOf({ receivers });
  expect(missingReceiverSecrets(settings, {})).toEqual(["chat", "hook", "mail"]);
  expect(missingReceiverSecrets(settings, secrets.receivers)).toEqual([]);
  expect(unusedReceiverSecrets(settings, { ...secrets.receivers, hok: "x" })).toEqual(["hok"]);
});

test.each([
  ["hook", "hooks.example.com/T0/B0"],
  ["hook", "https:///T0/B0"],
  ["hook", 'https://hooks.example.com/%zz"T0'],
  ["hook", "https://hooks.example.com/T 0"],
  ["chat", "not-a-real-token"],
  ["chat", '1:not"a\\real-token'],
])(
  "a secret of %s that Alertmanager would refuse, or quote in its own spelling, is none: %s [C1, B2]",
  (name, secret) => {
    const { receivers: settings } = settingsOf({ receivers });
    expect(unfitReceiverSecrets(settings, secrets.receivers)).toEqual([]);
    const unfit = unfitReceiverSecrets(settings, { ...secrets.receivers, [name]: secret });
    expect(unfit).toEqual([{ name, allowed: expect.not.stringContaining(secret) }]);
  },
);

test("a receiver may have any name, also that of those who are nobody [C1]", () => {
  const { receivers: found } = parse(
    textOf(
      filesOf({ receivers: { nobody: { ntfy: { url: "https://ntfy.example.com/backups" } } } }),
      "alertmanager/alertmanager.yml",
    ),
  );
  const names = found.map(({ name }: { name: string }) => name);
  expect(names).toContain("nobody");
  expect(new Set(names).size).toBe(names.length);
});
