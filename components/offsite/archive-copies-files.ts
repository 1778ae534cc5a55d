/** What a node needs to copy chosen archives elsewhere: texts only, no Pulumi. */
import { archivesUnit, offsiteNodePlaces as places } from "../../site/offsite/node-places";
import { archivesOfEnvironment } from "../../site/offsite/places";
import type { ArchiveChoice, KeyPair, OffsiteSettings } from "../../site/settings/environment";
import { assignments, putFile } from "../install/shell";
import { archiveCopiesScript } from "./archive-copies-script";
import { hourlyTimer, requireRclone } from "./copy-shell";
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
    ...requireRclone("on this node"),
    `install -d -m 0700 /etc/lifeboat ${places.folder} ${own} ${own}/trust`,
    `install -d -m 0755 ${programFolder}`,
    `new=$(mktemp -d ${programFolder}/.new.XXXXXX)`,
    `trap 'rm -rf "$new"' EXIT`,
    ...putFile("$new", places.program, "0755", archiveCopiesScript),
    ...putFile("$new", `${own}/settings`, "0600", settingsOf(copied)),
    ...putFile("$new", `${own}/guests`, "0600", guestsText(copied)),
    ...putFile("$new", `${own}/rclone.conf`, "0600", rcloneConfiguration(copied)),
    ...(authority === undefined
      ? [`rm -f ${own}/trust/0.pem`]
      : putFile("$new", `${own}/trust/0.pem`, "0600", authority)),
    ...putFile("$new", `${unit}.service`, "0644", serviceUnit(environment)),
    ...putFile("$new", `${unit}.timer`, "0644", hourlyTimer(descriptionOf(environment))),
    "systemctl daemon-reload",
    `systemctl enable --now ${archivesUnit(environment)}.timer`,
    "",
  ].join("\n");
}

function descriptionOf(environment: string): string {
  return `Copies chosen archives of ${environment} to the offsite service`;
}

const programFolder = places.program.slice(0, places.program.lastIndexOf("/"));

function settingsOf({ environment, storage, folder = "", offsite }: CopiedArchives): string {
  const { bucket, bandwidth } = offsite;
  return assignments({
    bucket,
    prefix: archivesOfEnvironment(environment),
    bandwidth: bandwidth === undefined ? "" : String(bandwidth),
    patience,
    storage,
    folder,
  });
}

function guestsText({ guests }: CopiedArchives): string {
  return guests.map(({ name, id, choice }) => `${name} ${String(id)} ${choice}\n`).join("");
}

/** It comes after whoever works on the node. */
function serviceUnit(environment: string): string {
  return `[Unit]
Description=${descriptionOf(environment)}
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
