import { Command, CopyToRemote, type CommandArgs } from "@pulumi/command/remote";
import { OptionsLegacy } from "@muhlba91/pulumi-proxmoxve/firewall/optionsLegacy";
import { RulesLegacy, type RulesLegacyArgs } from "@muhlba91/pulumi-proxmoxve/firewall/rulesLegacy";
import * as pulumi from "@pulumi/pulumi";
import { guestFirewall } from "../../site/guest-firewall";
import { monitoringRules } from "../../site/monitoring/monitoring-firewall";
import { monitoringChild, monitoringComponent } from "../../site/monitoring/resource-names";
import { grafanaPlace, type PagesCertificate, serviceFiles } from "../../site/monitoring/services/files";
import { ports, urlOf } from "../../site/monitoring/services/places";
import type { MonitoringSecrets, MonitoringSettings, OwnedGuest } from "../../site/settings/environment";
import { connectionTo, type GuestLogin, incomingPath, printed } from "../install/connection";
import { refusal } from "../refusal";
import type { ExporterFiles } from "./exporter-files";
import { diskOf } from "./data-disk";
import { type Installation, installCommand, installScript } from "./install-script";
import { servicesCheck } from "./services-check";

/** The guest of the monitoring, as it was declared. */
export interface MonitoringGuest {
  /** Id in Proxmox: `Container.vmId`. */
  readonly vmId: pulumi.Input<number>;
  /** `Container.macAddress`: another one has everything installed again. */
  readonly macAddress: pulumi.Input<string>;
}

export interface MonitoringStackArgs {
  /** The guest, as the settings describe it. Its address is static. */
  readonly guest: OwnedGuest;
  /** The guest, as it was declared: its outputs. */
  readonly declared: MonitoringGuest;
  /** Images, exporter, networks and receivers, as the settings describe them. */
  readonly monitoring: MonitoringSettings;
  /** Password of Grafana's user `admin`, and what receivers need. Secret. */
  readonly secrets: Pick<MonitoringSecrets, "grafanaPassword" | "receivers">;
  /** What Grafana's TLS needs. Its key is secret. Absent: it answers in the guest only. */
  readonly pages?: PagesCertificate | undefined;
  /** Certificate (PEM) of the authority that vouches for the registry. Absent: those of the guest. */
  readonly registryAuthority?: string | undefined;
  /** Rule files by their names, and the alerts in them. */
  readonly rules: { readonly files: Readonly<Record<string, string>>; readonly alerts: readonly string[] };
  /** Dashboards by their files' names, and their uids. */
  readonly dashboards: { readonly files: Readonly<Record<string, string>>; readonly uids: readonly string[] };
  /** The project without secrets, and the exporter's credentials, which are secret. */
  readonly exporter: Pick<ExporterFiles, "project" | "credentials">;
  /** `dist/lifeboat.cjs` on this machine, and its SHA-256. */
  readonly program: { readonly file: string; readonly sha256: string };
  /** Node's archive on this machine, where the settings name a file: an absolute path. */
  readonly nodeFile?: string | undefined;
  /** How to log in to the guest. */
  readonly login: GuestLogin;
  /** A last word on what the providers are given, for what has no setting. */
  readonly transform?: {
    readonly rules?: (inputs: RulesLegacyArgs) => RulesLegacyArgs;
    readonly services?: (inputs: CommandArgs) => CommandArgs;
  };
}

/**
 * Prometheus, Alertmanager and Grafana as services of Docker in a guest that exists, fed by `lifeboat exporter`, behind the
 * guest's own firewall: it is there when all of them say that they watch.
 *
 * What has changed is installed beside the old: rules and dashboards are read again, another image has its service made anew,
 * and data stay. Where the new does not watch, the old runs again. Deleting the component changes nothing in the guest.
 *
 * @throws pulumi.RunError when the guest has no fixed address or not its disk, before anything is registered.
 */
export class MonitoringStack extends pulumi.ComponentResource {
  /** `https://192.0.2.131:3000`, or where it answers in the guest; known once all watch. Undefined: there is no Grafana. */
  readonly grafana: pulumi.Output<string | undefined>;

  constructor(name: string, args: MonitoringStackArgs, opts?: pulumi.ComponentResourceOptions) {
    const address = addressOf(args.guest);
    const installation = installationOf(args);
    super(monitoringComponent, name, {}, opts);
    const firewall = this.declareFirewall(name, args);
    const copies = this.declareCopies(name, args, address, installation, firewall);
    const services = this.declareServices(name, args, address, installation, copies);
    const place = grafanaPlace(args.monitoring, address);
    const url = place && urlOf(place.address, ports.grafana, place.protocol);
    this.grafana = services.id.apply(() => url);
    this.registerOutputs({ grafana: this.grafana });
  }

  /** As the state store has it: the rules first, then the switch, and neither is taken back. */
  private declareFirewall(name: string, { guest, declared, monitoring, transform = {} }: MonitoringStackArgs) {
    const id = guest.kind === "container" ? { containerId: declared.vmId } : { vmId: declared.vmId };
    const place = { nodeName: guest.node, ...id };
    const opts = { parent: this, retainOnDelete: true, replacementTrigger: declared.macAddress };
    const inputs = { ...place, rules: monitoringRules(guest, monitoring) };
    const rules = new RulesLegacy(monitoringChild(name, "rules"), transform.rules?.(inputs) ?? inputs, opts);
    const firewall = { ...place, ...guestFirewall };
    return new OptionsLegacy(monitoringChild(name, "firewall"), firewall, { ...opts, dependsOn: [rules] });
  }

  /** What comes from this machine goes to the guest first. It is checked there. */
  private declareCopies(
    name: string,
    { declared, login, nodeFile, program }: MonitoringStackArgs,
    address: string,
    installation: Installation,
    after: pulumi.Resource,
  ): pulumi.Resource[] {
    const opts = { parent: this, dependsOn: [after] };
    const copy = (role: "node" | "program", file: string, remotePath: string) =>
      new CopyToRemote(
        monitoringChild(name, role),
        {
          connection: connectionTo(address, login),
          source: new pulumi.asset.FileAsset(file),
          remotePath,
          triggers: [declared.macAddress],
        },
        opts,
      );
    return [
      copy("program", program.file, installation.program.file),
      ...(nodeFile === undefined || !("file" in installation.node)
        ? []
        : [copy("node", nodeFile, installation.node.file)]),
    ];
  }

  private declareServices(
    name: string,
    args: MonitoringStackArgs,
    address: string,
    installation: Installation,
    after: readonly pulumi.Resource[],
  ): Command {
    const inputs = {
      connection: connectionTo(address, args.login),
      create: installCommand(installation),
      stdin: pulumi.secret(scriptFor(args, address, installation)),
      triggers: [args.declared.macAddress],
      addPreviousOutputInEnv: false,
    };
    return new Command(monitoringChild(name, "services"), args.transform?.services?.(inputs) ?? inputs, {
      parent: this,
      additionalSecretOutputs: [...printed],
      dependsOn: [...after],
    });
  }
}

function addressOf({ name, network: { address } }: OwnedGuest): string {
  if (address.kind === "static") return address.ip;
  throw refusal(`Unable to declare the monitoring: guest ${name} has no fixed address`);
}

function installationOf({ guest, monitoring, program, login }: MonitoringStackArgs): Installation {
  const { node } = monitoring.exporter;
  const { prometheus, alertmanager, grafana } = monitoring.images;
  // Named by the checksum, so that another one has the file sent again.
  const incoming = (what: string, sha256: string) => incomingPath(login, `lifeboat-monitoring-${what}-${sha256}`);
  return {
    ...diskOf(guest, monitoring),
    node:
      node.from === "url"
        ? { url: node.url, sha256: node.sha256 }
        : { file: incoming("node", node.sha256), sha256: node.sha256 },
    program: { file: incoming("program", program.sha256), sha256: program.sha256 },
    images: { prometheus, alertmanager, ...(grafana === undefined ? {} : { grafana }) },
    user: login.user,
  };
}

function scriptFor(args: MonitoringStackArgs, address: string, installation: Installation): string {
  const { monitoring, secrets, pages, rules, dashboards, exporter, registryAuthority } = args;
  const { registry } = monitoring.images;
  const grafana = grafanaPlace(monitoring, address);
  const check = servicesCheck({
    evaluation: monitoring.evaluation,
    grafana,
    alerts: rules.alerts,
    data: installation.data,
    dashboards: dashboards.uids,
  });
  const services = serviceFiles({
    monitoring,
    address,
    data: installation.data,
    secrets,
    pages,
    rules: rules.files,
    dashboards: dashboards.files,
  });
  return installScript(
    {
      services: [...services, ...check.options],
      exporter: { interval: monitoring.exporter.interval, ...exporter },
      check: check.script,
      patience: check.patience,
      secrets: [
        secrets.grafanaPassword ?? "",
        ...Object.values(secrets.receivers),
        ...Object.values(exporter.credentials),
        pages?.key ?? "",
      ],
      registry:
        registry === undefined || registryAuthority === undefined
          ? undefined
          : { name: registry, authority: registryAuthority },
    },
    installation,
  );
}
