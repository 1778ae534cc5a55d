/** What a node needs to copy chosen archives elsewhere: texts only, no Pulumi. */
import { archivesUnit, offsiteNodePlaces as places } from "../../site/offsite/node-places";
import { archivesOfEnvironment } from "../../site/offsite/places";
import type { ArchiveChoice, KeyPair, OffsiteSettings } from "../../site/settings/environment";
import { quote, writeFile } from "../install/shell";
import { archiveCopiesScript } from "./archive-copies-script";
import { rcloneConfiguration } from "./rclone";

/** Guests whose archives are copied from a node. */
export interface CopiedArchives {
  readonly environment: string;
  /** Guests by their names. */
  readonly guests: readonly { readonly name: string; readonly id: number; readonly choice: ArchiveChoice }[];
  /** Proxmox's id of the storage with the archives. */
  readonly storage: string;
  /** Its folder of archives on the node; undefined: Proxmox's own settings say where it is. */
  readonly folder: string | undefined;
  readonly offsite: OffsiteSettings;
  /** The key that writes, and can remove nothing. */
  readonly writer: KeyPair;
  /** PEM text of the CA that the service is trusted by, besides those of the system. */
  readonly authority?: string | undefined;
}

/** The most that one request of rclone's may take: an archive over a slow line, and not for ever. */
const patience = "36h";

/** A shell script that installs the copies of an environment on a node, or brings them up to date. It holds a secret. */
export function installArchiveCopies(copied: CopiedArchives): string {
  const { environment, authority } = copied;
  const own = `${places.folder}/${environment}`;
  const unit = `/etc/systemd/system/${archivesUnit(environment)}`;
  return [
    "set -eu",
    "umask 077",
    ...requireRclone,
    `install -d -m 0700 /etc/lifeboat ${places.folder} ${own} ${own}/trust`,
    `install -d -m 0755 ${programFolder}`,
    `new=$(mktemp -d ${programFolder}/.new.XXXXXX)`,
    `trap 'rm -rf "$new"' EXIT`,
    ...put(places.program, "0755", archiveCopiesScript),
    ...put(`${own}/settings`, "0600", settingsText(copied)),
    ...put(`${own}/guests`, "0600", guestsText(copied)),
    ...put(`${own}/rclone.conf`, "0600", rcloneConfiguration(copied)),
    ...(authority === undefined ? [`rm -f ${own}/trust/0.pem`] : put(`${own}/trust/0.pem`, "0600", authority)),
    ...put(`${unit}.service`, "0644", serviceUnit(environment)),
    ...put(`${unit}.timer`, "0644", timerUnit(environment)),
    "systemctl daemon-reload",
    `systemctl enable --now ${archivesUnit(environment)}.timer`,
    "",
  ].join("\n");
}

const programFolder = places.program.slice(0, places.program.lastIndexOf("/"));

const requireRclone = [
  "if ! command -v rclone >/dev/null 2>&1; then",
  "  export DEBIAN_FRONTEND=noninteractive",
  "  { apt-get update && apt-get install --yes --no-install-recommends rclone; } >&2 || {",
  "    echo 'rclone is missing on this node and cannot be installed: install the package rclone' >&2",
  "    exit 1",
  "  }",
  "fi",
];

/** A file appears whole or not at all. */
function put(path: string, mode: string, text: string): string[] {
  return [writeFile("$new/file", text), `chmod ${mode} "$new/file"`, `mv "$new/file" ${path}`];
}

function settingsText({ environment, storage, folder = "", offsite }: CopiedArchives): string {
  const { bucket, bandwidth } = offsite;
  const values = {
    bucket,
    prefix: archivesOfEnvironment(environment),
    bandwidth: bandwidth === undefined ? "" : String(bandwidth),
    patience,
    storage,
    folder,
  };
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value === "" ? "''" : quote(value)}`);
  return `# shellcheck shell=sh disable=SC2034\n# Written by Lifeboat: changes to this file are overwritten.\n${lines.join("\n")}\n`;
}

function guestsText({ guests }: CopiedArchives): string {
  return guests.map(({ name, id, choice }) => `${name} ${String(id)} ${choice}\n`).join("");
}

/** It comes after whoever works on the node. */
function serviceUnit(environment: string): string {
  return `[Unit]
Description=Copies chosen archives of ${environment} to the offsite service
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=${places.program} ${environment}
# Go reads every certificate in these folders.
Environment=SSL_CERT_DIR=${places.folder}/${environment}/trust:/etc/ssl/certs
TimeoutStartSec=3d
Nice=10
IOSchedulingPriority=7
NoNewPrivileges=yes
UMask=0077
`;
}

/** Once an hour: what a service missed while it was down is made up for soon. Without news it only lists. */
function timerUnit(environment: string): string {
  return `[Unit]
Description=Copies chosen archives of ${environment} to the offsite service

[Timer]
OnCalendar=hourly
RandomizedDelaySec=10m
Persistent=true

[Install]
WantedBy=timers.target
`;
}
