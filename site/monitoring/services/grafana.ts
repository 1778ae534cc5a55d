import { configFolder, dataInService, type GrafanaPlace, loopback, ports, urlOf } from "./places";
import { yamlText } from "./yaml-text";

/** Names of Grafana's own secrets, below its folder. */
export const grafanaSecrets = { password: "admin-password", key: "tls.key" } as const;

/** Its certificate, below its folder. */
export const grafanaCertificate = "tls.crt";

/**
 * Settings of Grafana as variables of its container. The password is in a file: `$__file{…}` is Grafana's own way to read one,
 * which every image of it knows.
 */
export function grafanaVariables({ protocol, address }: GrafanaPlace): Readonly<Record<string, string>> {
  const secure = {
    GF_SERVER_CERT_FILE: `${configFolder}/${grafanaCertificate}`,
    GF_SERVER_CERT_KEY: `${configFolder}/${grafanaSecrets.key}`,
    GF_SECURITY_COOKIE_SECURE: "true",
  };
  return {
    GF_SERVER_PROTOCOL: protocol,
    GF_SERVER_HTTP_ADDR: address,
    GF_SERVER_HTTP_PORT: String(ports.grafana),
    ...(protocol === "https" ? secure : {}),
    GF_PATHS_DATA: dataInService,
    GF_PATHS_PROVISIONING: `${configFolder}/provisioning`,
    GF_LOG_MODE: "console",
    GF_SECURITY_ADMIN_USER: "admin",
    GF_SECURITY_ADMIN_PASSWORD: `$__file{${configFolder}/${grafanaSecrets.password}}`,
    GF_USERS_ALLOW_SIGN_UP: "false",
    // A site without internet has nobody to ask.
    GF_ANALYTICS_REPORTING_ENABLED: "false",
    GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
    GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
    GF_NEWS_NEWS_FEED_ENABLED: "false",
  };
}

/** Text of each provisioned file by its name below Grafana's folder. */
export function grafanaFiles(dashboards: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return {
    "provisioning/datasources/lifeboat.yaml": yamlText(dataSources),
    "provisioning/dashboards/lifeboat.yaml": yamlText(dashboardProvider),
    ...Object.fromEntries(Object.entries(dashboards).map(([name, text]) => [`dashboards/${name}`, text])),
  };
}

const dataSources = {
  apiVersion: 1,
  datasources: [
    {
      name: "Prometheus",
      type: "prometheus",
      uid: "lifeboat-prometheus",
      access: "proxy",
      url: urlOf(loopback, ports.prometheus),
      isDefault: true,
      editable: false,
    },
    {
      name: "Alertmanager",
      type: "alertmanager",
      uid: "lifeboat-alertmanager",
      access: "proxy",
      url: urlOf(loopback, ports.alertmanager),
      jsonData: { implementation: "prometheus", handleGrafanaManagedAlerts: false },
      editable: false,
    },
  ],
};

/** Grafana reads the folder again by itself, so that a changed dashboard needs no restart. */
const dashboardProvider = {
  apiVersion: 1,
  providers: [
    {
      name: "lifeboat",
      folder: "Lifeboat",
      type: "file",
      allowUiUpdates: false,
      updateIntervalSeconds: 10,
      options: { path: `${configFolder}/dashboards` },
    },
  ],
};
