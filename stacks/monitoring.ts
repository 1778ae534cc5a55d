import { pulumiLine } from "../site/plain-pulumi";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { GuestLogin } from "../components/install/connection";
import { MonitoringStack, type MonitoringStackArgs } from "../components/monitoring/monitoring-stack";
import { refusal } from "../components/refusal";
import { HostKey } from "../components/state-store/host-key";
import { dashboardFiles, dashboards } from "../site/monitoring/dashboards/files";
import { monitoringGuest } from "../site/monitoring/guest";
import { monitoringName } from "../site/monitoring/resource-names";
import { ruleDefaults } from "../site/monitoring/rules/options";
import { alertNames, ruleFiles } from "../site/monitoring/rules/rule-file";
import {
  missingReceiverSecrets,
  unfitReceiverSecrets,
  unusedReceiverSecrets,
} from "../site/monitoring/services/alertmanager";
import type { PagesCertificate } from "../site/monitoring/services/files";
import type { Environment, MonitoringSecrets, MonitoringSettings, OwnedGuest } from "../site/settings/environment";
import { authorityProblem, issueServerCertificate } from "../site/state-store/authority";
import { namesOfGuest } from "../site/state-store/location";
import { vouchesFor } from "../site/state-store/name-constraints";
import { exporterCredentials, exporterProject, lackingTokens } from "./exporter-project";
import { guestLogin } from "./guest-login";
import type { HostKeySource } from "./host-key";
import type { DeclareMonitoring } from "./program";
import { requireAgent } from "./ssh-agent";
import { readNamedFile } from "./read-named-file";

/**
 * Reads everything that the monitoring needs, before anything is registered.
 *
 * @param hostKeyOf the key by which its guest is known
 * @throws pulumi.RunError with what is missing
 */
export async function prepareMonitoring(
  environment: Environment,
  hostKeyOf: HostKeySource,
): Promise<DeclareMonitoring> {
  const { monitoring } = environment;
  const guest = monitoringGuest(environment);
  if (monitoring === undefined || guest === undefined) {
    throw new Error(`${environment.name} declares no monitoring`);
  }
  const secrets = secretsOf(environment, monitoring);
  const login = guestLogin(environment);
  await requireAgent(environment.name);
  const project = exporterProject(pulumi.getRootDirectory());
  await warnOfTokens(environment.name, lackingTokens(pulumi.getProject(), project, secrets.tokens));
  const args = {
    guest,
    monitoring,
    secrets,
    pages: monitoring.listen === "tls" ? await pagesOf(environment, guest, secrets) : undefined,
    registryAuthority:
      monitoring.images.ca === undefined
        ? undefined
        : readNamedFile(monitoring.images.ca, "the CA of lifeboat:monitoring.images.ca"),
    rules: rulesOf(monitoring),
    dashboards: { files: dashboardFiles(), uids: dashboards().flatMap(({ uid }) => uid ?? []) },
    exporter: {
      project,
      credentials: exporterCredentials(environment),
    },
    program: programOf(environment.name),
    nodeFile: nodeFileOf(monitoring),
  };
  return (site, declared) => declareMonitoring(args, { site, declared, hostKeyOf, login });
}

interface Place {
  readonly site: Parameters<DeclareMonitoring>[0];
  readonly declared: Parameters<DeclareMonitoring>[1];
  readonly hostKeyOf: HostKeySource;
  readonly login: Omit<GuestLogin, "hostKey">;
}

function declareMonitoring(
  args: Omit<MonitoringStackArgs, "declared" | "login">,
  { site, declared, hostKeyOf, login }: Place,
): ReturnType<DeclareMonitoring> {
  const { guest } = args;
  const found = declared.get(guest.name);
  if (found === undefined) throw new Error(`${guest.name} was not declared`);
  const { macAddress } = found;
  const { key } = new HostKey(monitoringName, { macAddress, key: hostKeyOf(guest, monitoringName, macAddress) });
  const stack = new MonitoringStack(
    monitoringName,
    { ...args, declared: found, login: { ...login, hostKey: key } },
    { provider: site.providerFor(guest) },
  );
  const { monitoringAuthority: authority } = site.environment;
  return {
    monitoringGrafana: stack.grafana,
    ...(args.pages !== undefined && authority !== undefined ? { monitoringAuthority: pulumi.output(authority) } : {}),
  };
}

function secretsOf({ name, monitoringSecrets }: Environment, monitoring: MonitoringSettings): MonitoringSecrets {
  const secrets = monitoringSecrets ?? { receivers: {}, tokens: {} };
  if (monitoring.images.grafana !== undefined && secrets.grafanaPassword === undefined) {
    throw refusal(
      `Unable to declare the monitoring of ${name}: lifeboat:monitoringSecrets has no grafanaPassword` +
        `\nHINT: lifeboat up ${name}`,
    );
  }
  const missing = missingReceiverSecrets(monitoring.receivers, secrets.receivers);
  if (missing.length > 0) {
    const [first = ""] = missing;
    throw refusal(
      `Unable to declare the monitoring of ${name}: lifeboat:monitoringSecrets has no secret for ${missing.join(", ")}` +
        `\nHINT: ${pulumiLine(name, `config set --secret --path lifeboat:monitoringSecrets.receivers.${first}`)}`,
    );
  }
  const [unfit] = unfitReceiverSecrets(monitoring.receivers, secrets.receivers);
  if (unfit !== undefined) {
    throw refusal(
      `Unable to declare the monitoring of ${name}: what lifeboat:monitoringSecrets has for ${unfit.name} is not ${unfit.allowed}` +
        `\nHINT: ${pulumiLine(name, `config set --secret --path lifeboat:monitoringSecrets.receivers.${unfit.name}`)}`,
    );
  }
  const unused = unusedReceiverSecrets(monitoring.receivers, secrets.receivers);
  if (unused.length > 0) {
    throw refusal(
      `Unable to declare the monitoring of ${name}: lifeboat:monitoringSecrets has a secret for ${unused.join(", ")}, and lifeboat:monitoring no such receiver`,
    );
  }
  return secrets;
}

/** Plain `pulumi up` hands no token over: without a word the exporter would not see these environments. */
async function warnOfTokens(watcher: string, lacking: readonly string[]): Promise<void> {
  if (lacking.length === 0) return;
  await pulumi.log.warn(
    `The exporter is not given the token of ${lacking.join(", ")}, and cannot look there.\nHINT: lifeboat up ${watcher}`,
  );
}

/** Grafana's certificate: the same in every run until the next is due. */
async function pagesOf(
  { name, monitoringAuthority: certificate }: Environment,
  guest: OwnedGuest,
  { authorityKey, serverKey }: MonitoringSecrets,
): Promise<PagesCertificate> {
  if (certificate === undefined || authorityKey === undefined || serverKey === undefined) {
    throw cannotDeclare(name, "listen is tls, and its keys or lifeboat:monitoringAuthority are missing");
  }
  const now = new Date();
  const authority = { key: authorityKey, certificate };
  const names = namesOfGuest(guest);
  const problem =
    authorityProblem(authority, now) ??
    (vouchesFor(certificate, names) ? undefined : `it vouches for other names than ${names.join(" and ")}`);
  if (problem !== undefined) throw cannotDeclare(name, `its authority is of no use: ${problem}`);
  const server = { key: serverKey, names, title: "monitoring" };
  return { authority: certificate, key: serverKey, certificate: await issueServerCertificate(authority, server, now) };
}

function cannotDeclare(environment: string, cause: string): pulumi.RunError {
  return refusal(
    `Unable to declare the monitoring of ${environment}: ${cause}\nHINT: lifeboat up ${environment}; or listen: loopback`,
  );
}

/** The rules, and the alerts that Prometheus then has. */
function rulesOf({ backupAlerting, evaluation, runbooks = "" }: MonitoringSettings): MonitoringStackArgs["rules"] {
  const options = { evaluateEvery: evaluation, runbooks };
  const alerts = backupAlerting ? alertNames({ ...ruleDefaults, ...options }) : [];
  return { files: ruleFiles({ backupAlerting, options }), alerts };
}

/** The command line as one file, which runs in the guest as it runs here. */
function programOf(environment: string): MonitoringStackArgs["program"] {
  // Beside this program, which is built into the same folder.
  const file = [join(__dirname, "lifeboat.cjs"), join(__dirname, "../dist/lifeboat.cjs")].find((one) =>
    existsSync(one),
  );
  if (file !== undefined) return { file, sha256: createHash("sha256").update(readFileSync(file)).digest("hex") };
  throw refusal(
    `Unable to declare the monitoring of ${environment}: dist/lifeboat.cjs does not exist, which its guest runs\nHINT: npm run build`,
  );
}

function nodeFileOf({ exporter: { node } }: MonitoringSettings): string | undefined {
  if (node.from === "url") return undefined;
  const file = resolve(pulumi.getRootDirectory(), node.file);
  if (existsSync(file)) return file;
  throw refusal(
    `Unable to install the monitoring: lifeboat:monitoring.exporter.node.file names ${file}, which does not exist`,
  );
}
