/** What a guest needs to copy its dumps elsewhere: texts only, no Pulumi. */
import { offsiteGuestPlaces as places } from "../../site/data/offsite-places";
import { dropInOf, endCopies, withoutDropIn } from "../../site/data/offsite-removal";
import { dumpsOfGuest } from "../../site/offsite/places";
import type { KeyPair, OffsiteSettings } from "../../site/settings/environment";
import { assignments, putFile } from "../install/shell";
import { dumpCopiesScript } from "./dump-copies-script";
import { hourlyTimer, requireRclone } from "./copy-shell";
import { rcloneConfiguration } from "./rclone";

/** A guest whose dumps are copied. */
export interface CopiedGuest {
  readonly environment: string;
  readonly guest: string;
  /** Names of its data sources. */
  readonly sources: readonly string[];
  readonly offsite: Pick<OffsiteSettings, "kind" | "endpoint" | "region" | "bucket" | "bandwidth">;
  /** The key that writes, and can remove nothing. */
  readonly writer: KeyPair;
  /** PEM text of the CA that the service is trusted by, besides those of the system. */
  readonly authority?: string | undefined;
}

/** The most that one request of rclone's may take: a first copy of a large dump over a slow line, and not for ever. */
const patience = "12h";

/**
 * A shell script that installs, or brings up to date, the copies. It may be run any number of times, and beside itself: each source of
 * a guest brings it along. It holds a secret: it goes to the guest over standard input.
 */
export function installDumpCopies(guest: CopiedGuest): string {
  const { sources, authority } = guest;
  return [
    "(",
    "set -eu",
    "umask 077",
    ...requireRclone("in this guest"),
    `install -d -m 0700 ${places.folder} ${places.trust} ${places.state}`,
    `install -d -m 0755 ${programFolder}`,
    `far=$(mktemp -d ${programFolder}/.far.XXXXXX)`,
    `trap 'rm -rf "$far"' EXIT`,
    ...putFile("$far", places.program, "0755", dumpCopiesScript),
    ...putFile("$far", places.settings, "0600", settingsOf(guest)),
    ...putFile("$far", places.configuration, "0600", rcloneConfiguration(guest)),
    ...(authority === undefined
      ? [`rm -f ${places.trust}/0.pem`]
      : putFile("$far", `${places.trust}/0.pem`, "0600", authority)),
    ...putFile("$far", unit("service"), "0644", serviceUnit),
    ...putFile("$far", unit("timer"), "0644", hourlyTimer(description)),
    ...sources.flatMap((source) => {
      const { folder, file } = dropInOf(source);
      return [`install -d -m 0755 ${folder}`, ...putFile("$far", file, "0644", afterEachRun)];
    }),
    "systemctl daemon-reload",
    `systemctl enable --now ${places.unit}.timer`,
    ")",
    "",
  ].join("\n");
}

/** A shell script that ends the copies of a guest and takes its key away. Copies that were made stay, and so does the log. */
export function removeDumpCopies(sources: readonly string[]): string {
  return [...endCopies, ...sources.flatMap(withoutDropIn), "systemctl daemon-reload", ""].join("\n");
}

const description = "Copies dumps of this guest to the offsite service";

const programFolder = places.program.slice(0, places.program.lastIndexOf("/"));

function unit(kind: "service" | "timer"): string {
  return `/etc/systemd/system/${places.unit}.${kind}`;
}

function settingsOf({ environment, guest, offsite }: CopiedGuest): string {
  const { bucket, bandwidth } = offsite;
  return assignments({
    bucket,
    prefix: dumpsOfGuest(environment, guest),
    bandwidth: bandwidth === undefined ? "" : String(bandwidth),
    patience,
  });
}

/** Only restrictions that an unprivileged container allows: none that needs mounts. */
const serviceUnit = `[Unit]
Description=${description}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=${places.program}
# What is in work lies in memory, and is gone afterwards.
RuntimeDirectory=${places.unit}
RuntimeDirectoryMode=0700
# Go reads every certificate in these folders.
Environment=SSL_CERT_DIR=${places.trust}:/etc/ssl/certs
TimeoutStartSec=1d
Nice=10
NoNewPrivileges=yes
RestrictRealtime=yes
LockPersonality=yes
UMask=0077
`;

/** In the service of each source. */
const afterEachRun = `[Unit]
OnSuccess=${places.unit}.service
`;
