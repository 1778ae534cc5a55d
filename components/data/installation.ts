import { placesOf, dataProgram } from "../../site/data/places";
import type { DataSource, DataSourceSecrets } from "../../site/settings/data";
import { putFile } from "../install/shell";
import { systemdCalendar } from "../install/systemd-calendar";
import { pointInTimeLines, pointInTimeRemoval, pointInTimeStart } from "./guest-program/point-in-time/files";
import { programFiles } from "./guest-program/program";
import { settingsFile } from "./guest-program/settings-file";

const programFolder = dataProgram.slice(0, dataProgram.lastIndexOf("/"));

/**
 * A shell script that installs a source of data in its guest, or brings it up to date. It may be run any number of times, and
 * beside others. It holds secrets: it goes to the guest over standard input.
 */
export function installScript(source: DataSource, secrets: DataSourceSecrets): string {
  const { settings, unit } = placesOf(source.name);
  return [
    "set -eu",
    "umask 077",
    ...packages(source),
    `install -d -m 0755 ${programFolder}`,
    `install -d -m 0700 /etc/lifeboat /etc/lifeboat/data ${settings}`,
    `new=$(mktemp -d ${programFolder}/.new.XXXXXX)`,
    `trap 'rm -rf "$new"' EXIT`,
    ...programFiles().flatMap(({ name, text, isExecutable }) =>
      putFile("$new", `${programFolder}/${name}`, isExecutable ? "0755" : "0644", text),
    ),
    ...putFile("$new", `${settings}/settings`, "0600", settingsFile(source)),
    ...putFile("$new", `${settings}/recipients`, "0600", source.recipients.join("\n")),
    ...(secrets.password === undefined ? [] : putFile("$new", `${settings}/password`, "0600", secrets.password)),
    ...putFile("$new", `/etc/systemd/system/${unit}.service`, "0644", serviceUnit(source)),
    ...putFile("$new", `/etc/systemd/system/${unit}.timer`, "0644", timerUnit(source)),
    "systemctl daemon-reload",
    // Started before with another time, it would go on by that.
    ...(source.enabled
      ? [`systemctl enable ${unit}.timer`, `systemctl restart ${unit}.timer`]
      : [`systemctl disable --now ${unit}.timer`]),
    ...pointInTime(source, secrets),
    "",
  ].join("\n");
}

/** What archives a cluster, or ends that where the settings do not have it any more. */
function pointInTime(source: DataSource, { pointInTime: keys }: DataSourceSecrets): string[] {
  if (source.kind !== "postgres") return [];
  const { name, port, pointInTime: settings } = source;
  if (settings === undefined) return pointInTimeRemoval(name);
  if (keys === undefined || settings.store === undefined)
    throw new Error(`${name} has no key or bucket for its archive`);
  const { folder = name, cluster = "", store: _store, ...rest } = settings;
  const { store } = settings;
  const { hostname, port: storePort } = new URL(store.endpoint);
  const files = {
    ...rest,
    source: name,
    cluster,
    port,
    store: { name: hostname, port: storePort === "" ? 443 : Number(storePort) },
    address: store.address,
    bucket: store.bucket,
    region: store.region,
    path: `/${folder}`,
  };
  return [...pointInTimeLines(files, keys), ...pointInTimeStart(files)];
}

/** Programs that dumps need, by their commands and Debian's packages. What reads a database comes with it. */
function packages({ recipients }: DataSource): string[] {
  const wanted = ["zstd", ...(recipients.length === 0 ? [] : ["age"])];
  return [
    "missing=",
    ...wanted.map((name) => `command -v ${name} >/dev/null 2>&1 || missing="$missing ${name}"`),
    'if [ -n "$missing" ]; then',
    "  export DEBIAN_FRONTEND=noninteractive",
    "  # shellcheck disable=SC2086",
    "  { apt-get update && apt-get -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends $missing; } >&2 || {",
    '    echo "missing in this guest, and cannot be installed:$missing" >&2',
    "    exit 1",
    "  }",
    "fi",
  ];
}

/** One dump. It takes as long as it takes, and comes after whoever works in the guest. */
function serviceUnit({ name }: DataSource): string {
  return `[Unit]
Description=Dumps ${name} of this guest
Wants=network-online.target
After=network-online.target docker.service postgresql.service mariadb.service

[Service]
Type=oneshot
ExecStart=${dataProgram} run ${name}
Nice=10
IOSchedulingPriority=7
UMask=0077
`;
}

function timerUnit({ name, at }: DataSource): string {
  return `[Unit]
Description=Dumps ${name} of this guest

[Timer]
OnCalendar=${systemdCalendar(at)}
# What was missed while the guest was off is made up for at its start.
Persistent=true

[Install]
WantedBy=timers.target
`;
}
