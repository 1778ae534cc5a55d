/**
 * What the store's container needs to copy the state of all environments to another S3 service by itself: texts only, no
 * Pulumi. Guests have no Node, so that this is POSIX shell around Debian's `rclone`.
 */
import { offsitePlaces } from "../../site/state-store/offsite-removal";
import { systemdCalendar } from "../install/systemd-calendar";
import { type Copied, copyScript } from "./offsite-copy-script";

const { unit: offsiteUnit, folder, programFolder, program } = offsitePlaces;

export interface OffsiteTimerSettings extends Copied {
  /** When, as a calendar event of Proxmox: `04:15`. The container's time zone. */
  readonly schedule: string;
  /** PEM texts of the authorities that the two services are trusted by, besides those of the system. */
  readonly authorities: readonly string[];
}

/** One of the two S3 services. */
export interface Remote {
  /** `https://host:port`. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** The two services of a copy. */
export interface Remotes {
  readonly store: Remote;
  readonly offsite: Remote;
}

/** Configuration of rclone: the one file with secrets, readable by the copier's user alone. */
function rcloneConfiguration({ store, offsite }: Remotes): string {
  return [...remoteLines("store", store), "", ...remoteLines("offsite", offsite)].join("\n");
}

function remoteLines(name: string, { endpoint, region, accessKey, secretKey }: Remote): string[] {
  return [
    `[${name}]`,
    "type = s3",
    "provider = Minio",
    `endpoint = ${endpoint}`,
    `region = ${region}`,
    `access_key_id = ${accessKey}`,
    `secret_access_key = ${secretKey}`,
    "force_path_style = true",
    // Neither key has to be allowed to make buckets each time that something is written.
    "no_check_bucket = true",
  ];
}

/**
 * A shell script that installs, or brings up to date, the copier and its timer. It may be run any number of times. It holds
 * secrets: it goes to the container over standard input.
 */
export function installScript(settings: OffsiteTimerSettings, remotes: Remotes): string {
  const files = [
    { path: program, mode: "0755", text: copyScript(settings) },
    { path: `/etc/systemd/system/${offsiteUnit}.service`, mode: "0644", text: serviceUnit() },
    { path: `/etc/systemd/system/${offsiteUnit}.timer`, mode: "0644", text: timerUnit(settings) },
    ...settings.authorities.map((text, index) => ({
      path: `${folder}/trust/${String(index)}.pem`,
      mode: "0644",
      text,
    })),
    { path: `${folder}/rclone.conf`, mode: "0600", owner: offsiteUnit, text: rcloneConfiguration(remotes) },
  ];
  return [
    "set -eu",
    "umask 077",
    ...requireRclone,
    `id -u ${offsiteUnit} >/dev/null 2>&1 || useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin ${offsiteUnit}`,
    `rm -rf ${folder}/trust`,
    `install -d -m 0755 ${folder} ${folder}/trust ${programFolder}`,
    ...files.flatMap(writeFileLines),
    "systemctl daemon-reload",
    `systemctl enable ${offsiteUnit}.timer`,
    // Started before with another schedule, it would go on by that.
    `systemctl restart ${offsiteUnit}.timer`,
    "",
  ].join("\n");
}

const requireRclone = [
  "if ! command -v rclone >/dev/null 2>&1; then",
  "  export DEBIAN_FRONTEND=noninteractive",
  "  { apt-get update && apt-get install --yes --no-install-recommends rclone; } >&2 || {",
  "    echo 'rclone is missing in this container and cannot be installed: install the package rclone, or use a template that has it' >&2",
  "    exit 1",
  "  }",
  "fi",
];

/** The end of a text in the installation; no line of a text may be this. */
const endOfText = "end-of-lifeboat-file";

interface WrittenFile {
  readonly path: string;
  readonly mode: string;
  /** Default: root. */
  readonly owner?: string;
  readonly text: string;
}

/** A file appears whole or not at all, and nobody else can read it for a moment. */
function writeFileLines({ path, mode, owner, text }: WrittenFile): string[] {
  return [
    `cat >${path}.new <<'${endOfText}'`,
    text.trimEnd(),
    endOfText,
    ...(owner === undefined ? [] : [`chown ${owner}: ${path}.new`]),
    `chmod ${mode} ${path}.new`,
    `mv ${path}.new ${path}`,
  ];
}

/** The service that copies once. Only restrictions that an unprivileged container allows: none that needs mounts. */
export function serviceUnit(): string {
  return `[Unit]
Description=Copies the state of all environments to the offsite service
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
User=${offsiteUnit}
ExecStart=${program}
# What is in work lies in memory, for the copier alone, and is gone afterwards.
RuntimeDirectory=${offsiteUnit}
RuntimeDirectoryMode=0700
# Go reads every certificate in these folders.
Environment=SSL_CERT_DIR=${folder}/trust:/etc/ssl/certs
TimeoutStartSec=1h
NoNewPrivileges=yes
CapabilityBoundingSet=
RestrictSUIDSGID=yes
RestrictRealtime=yes
RestrictNamespaces=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
UMask=0077
`;
}

function timerUnit({ schedule }: OffsiteTimerSettings): string {
  return `[Unit]
Description=Copies the state of all environments to the offsite service

[Timer]
OnCalendar=${systemdCalendar(schedule)}
# What was missed while the container was off is made up for at its start.
Persistent=true

[Install]
WantedBy=timers.target
`;
}
