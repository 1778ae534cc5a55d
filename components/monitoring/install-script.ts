import {
  baseFolder,
  composeProject,
  exporterUnit,
  loopback,
  ports,
  type ServiceName,
  userIds,
} from "../../site/monitoring/services/places";
import type { ReleaseFile } from "../../site/monitoring/services/files";
import { monitoringCheck } from "../../site/settings/monitoring-check";
import { rootShell } from "../install/connection";
import { quote, writeFile } from "../install/shell";
import { type ExporterFiles, exporterUnitFile } from "./exporter-files";
import { helpers } from "./install-helpers";
import { installation } from "./install-steps";

/** What an installation is told openly: it stands in the command, where everybody may read it. */
export interface Installation {
  /** Folder on the disk for data. */
  readonly data: string;
  /** What has to be mounted there. A machine's disk is mounted by the installation, and gets a file system if it is empty. */
  readonly disk:
    { readonly kind: "mounted" } | { readonly kind: "device"; readonly path: string } | { readonly kind: "folder" };
  /** Node's archive: where the guest loads it, or the file that was copied there. */
  readonly node: { readonly sha256: string } & ({ readonly url: string } | { readonly file: string });
  /** The program, copied into the guest. */
  readonly program: { readonly sha256: string; readonly file: string };
  /** Images of the services by their names. */
  readonly images: Readonly<Partial<Record<ServiceName, string>>>;
  /** User of the SSH connection. Any other than root needs `sudo` without a password. */
  readonly user: string;
}

/** What goes to the guest over standard input. */
export interface InstallationFiles {
  readonly services: readonly ReleaseFile[];
  readonly exporter: ExporterFiles;
  /** The script that asks the services whether they watch. */
  readonly check: string;
  /** Seconds that the services have until they all watch. */
  readonly patience: number;
  /** Every secret among the files, a line each: none of them is ever printed. */
  readonly secrets: readonly string[];
  /** Who vouches for the registry of the images: its name and a certificate (PEM). Absent: the guest's own authorities. */
  readonly registry?: { readonly name: string; readonly authority: string } | undefined;
}

/**
 * The command of an installation. The script comes over standard input: this line is all that a process list shows, that
 * Pulumi's difference shows, and that an error quotes.
 */
export function installCommand({ data, disk, node, program, images, user }: Installation): string {
  const words = {
    data,
    disk: disk.kind === "device" ? disk.path : disk.kind,
    ...("url" in node ? { url: node.url } : { file: node.file }),
    "node-sha256": node.sha256,
    program: program.file,
    "program-sha256": program.sha256,
    ...images,
  };
  const pairs = Object.entries(words).map(([name, value]) => quote(`${name}=${value}`));
  return `${rootShell({ user })} -- ${pairs.join(" ")}`;
}

/** Where a guest has Node of a checksum. */
function nodeFolder(sha256: string): string {
  return `${baseFolder}/node/${sha256}`;
}

/**
 * The script, with the files in it. It may run any number of times; what is there goes on until the new release is whole,
 * and is gone back to when the services of the new one do not all watch.
 */
export function installScript(
  files: InstallationFiles,
  { node, images }: Pick<Installation, "node" | "images">,
): string {
  const services = Object.keys(images).filter((name): name is ServiceName => Object.hasOwn(userIds, name));
  return [
    "set -eu",
    "umask 077",
    `base=${baseFolder} project=${composeProject} exporter=${exporterUnit} check=${monitoringCheck}`,
    `services=${quote(services.join(" "))} all=${quote(["stack", "exporter", ...services].join(" "))}`,
    `patience=${String(files.patience)}`,
    `prometheus_url=http://${loopback}:${String(ports.prometheus)}`,
    `alertmanager_url=http://${loopback}:${String(ports.alertmanager)}`,
    idFunction(services),
    helpers,
    "trust_registry() {",
    ...trustLines(files),
    "}",
    "write_files() {",
    ...files.services.flatMap(serviceFileLines),
    ...exporterLines(files.exporter),
    writeFile(
      `$base/stack/$release/${exporterUnit}.service`,
      exporterUnitFile(files.exporter, nodeFolder(node.sha256)),
    ),
    writeFile("$base/stack/$release/check", files.check),
    'chmod 0755 "$base/stack/$release/check"',
    writeFile("$base/stack/$release/secrets", secretLines(files)),
    "}",
    installation,
    // What runs in it must not read on in the script.
    'main "$@" </dev/null',
    "",
  ].join("\n");
}

function idFunction(services: readonly ServiceName[]): string {
  const cases = services.map((name) => `${name}) echo ${String(userIds[name])} ;;`);
  return `id_of() { case $1 in ${cases.join(" ")} esac; }`;
}

function trustLines({ registry }: InstallationFiles): string[] {
  if (registry === undefined) return ["  :"];
  const folder = `/etc/docker/certs.d/${registry.name}`;
  return [
    `install -d -m 0755 ${quote(folder)}`,
    writeFile(`${folder}/ca.crt`, registry.authority),
    `chmod 0644 ${quote(`${folder}/ca.crt`)}`,
  ];
}

/** A folder of a release is open to all; a secret in it belongs to its service. */
function serviceFileLines({ of, name, text, secret }: ReleaseFile): string[] {
  const path = `$base/${of}/$release/${name}`;
  const folder = path.slice(0, path.lastIndexOf("/"));
  const id = of === "stack" ? "0" : String(userIds[of]);
  return [
    ...(name.includes("/") ? [`install -d -m 0755 "${folder}"`] : []),
    writeFile(path, text),
    ...(secret ? [`chown ${id}:${id} "${path}"`, `chmod 0400 "${path}"`] : [`chmod 0644 "${path}"`]),
  ];
}

function exporterLines({ project, credentials }: ExporterFiles): string[] {
  const folder = "$base/exporter/$release";
  const written = (part: string, mode: string, files: Readonly<Record<string, string>>): string[] =>
    Object.entries(files)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, text]) => {
        const path = `${folder}/${part}/${name}`;
        const above = path.slice(0, path.lastIndexOf("/"));
        return [
          `install -d -m ${mode === "0400" ? "0700" : "0755"} "${above}"`,
          writeFile(path, text),
          `chmod ${mode} "${path}"`,
        ];
      });
  return [
    `install -d -m 0755 "${folder}/project"`,
    `install -d -m 0700 "${folder}/credentials"`,
    ...written("project", "0644", project),
    ...written("credentials", "0400", credentials),
  ];
}

/** An empty line would be found in everything, and nothing be told. */
function secretLines({ secrets }: InstallationFiles): string {
  return secrets
    .flatMap((text) => text.split("\n"))
    .filter((line) => line.trim() !== "")
    .join("\n");
}
