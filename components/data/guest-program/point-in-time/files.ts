import { pointInTimePlaces } from "../../../../site/data/point-in-time/places";
import { quote, writeFile } from "../../../install/shell";
import { systemdCalendar } from "../../../install/systemd-calendar";

/** What the program in the guest is told openly. */
export interface PointInTimeFiles {
  /** Name of the source; also that of pgBackRest's stanza. */
  readonly source: string;
  /** `15/main`; empty: that of the port. */
  readonly cluster: string;
  /** Port of the cluster. */
  readonly port: number;
  /** DNS name of the S3 service, as its certificate has it, and its port. */
  readonly store: { readonly name: string; readonly port: number };
  /** IP address of the service, where its name stands in no DNS. */
  readonly address?: string | undefined;
  readonly bucket: string;
  readonly region: string;
  /** Folder in the bucket: `/web`. */
  readonly path: string;
  /** Seconds after which a WAL segment is archived that is not full. */
  readonly archiveTimeout: number;
  /** Full backups that stay. */
  readonly keep: number;
  /** PostgreSQL may be restarted for `archive_mode`. */
  readonly restart: boolean;
  /** Calendar events of Proxmox. */
  readonly full: string;
  readonly differential: string;
}

/** Secret, but for the authority. One line each. */
export interface PointInTimeKeys {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly passphrase: string;
  /** Who vouches for the service (PEM). Absent: the guest's own authorities. */
  readonly authority?: string | undefined;
}

/** Lines of an installation's script that write what the program is told of a source. They hold secrets. */
export function pointInTimeLines(files: PointInTimeFiles, keys: PointInTimeKeys): string[] {
  const folder = pointInTimePlaces.settings(files.source);
  const texts = {
    settings: settingsText(files),
    "access-key": keys.accessKey,
    "secret-key": keys.secretKey,
    passphrase: keys.passphrase,
    ...(keys.authority === undefined ? {} : { "ca.pem": keys.authority }),
  };
  return [
    `install -d -m 0700 ${quote(folder)}`,
    ...(keys.authority === undefined ? [`rm -f ${quote(`${folder}/ca.pem`)}`] : []),
    ...Object.entries(texts).flatMap(([name, text]) => [
      writeFile(`${folder}/${name}.new`, text),
      `chmod 0600 ${quote(`${folder}/${name}.new`)}`,
      `mv ${quote(`${folder}/${name}.new`)} ${quote(`${folder}/${name}`)}`,
    ]),
  ];
}

function settingsText({
  cluster,
  port,
  store,
  address,
  bucket,
  region,
  path,
  archiveTimeout,
  keep,
  restart,
}: PointInTimeFiles): string {
  const words = {
    cluster,
    db_port: String(port),
    endpoint: store.name,
    port: String(store.port),
    address: address ?? "",
    bucket,
    region,
    path,
    archive_timeout: String(archiveTimeout),
    keep: String(keep),
    restart: restart ? "yes" : "no",
  };
  return Object.entries(words)
    .map(([name, value]) => `${name}=${quote(value)}`)
    .join("\n");
}

/** Lines that have the guest begin: the archive, the timers, and the first full backup in the background. */
export function pointInTimeStart({ source, full, differential }: PointInTimeFiles): string[] {
  const { program, unit } = pointInTimePlaces;
  return [
    ...unitLines(source, "full", full),
    ...unitLines(source, "diff", differential),
    "systemctl daemon-reload",
    `${program} install ${source}`,
    ...(["full", "diff"] as const).flatMap((type) => {
      const timer = `${unit(source, type)}.timer`;
      // Started before with another schedule, it would go on by that.
      return [`systemctl enable --quiet ${timer}`, `systemctl restart ${timer}`];
    }),
    // Without a full backup WAL alone leads nowhere.
    `${program} has-backup ${source} || systemctl start --no-block ${unit(source, "full")}.service`,
  ];
}

function unitLines(source: string, type: "full" | "diff", schedule: string): string[] {
  const { program, unit } = pointInTimePlaces;
  const file = `/etc/systemd/system/${unit(source, type)}`;
  const description = `${type === "full" ? "Full" : "Differential"} backup of the PostgreSQL cluster of ${source}`;
  const service = `[Unit]
Description=${description}
Wants=network-online.target
After=network-online.target postgresql.service

[Service]
Type=oneshot
ExecStart=${program} backup ${source} ${type}
UMask=0077
`;
  const timer = `[Unit]
Description=${description}

[Timer]
OnCalendar=${systemdCalendar(schedule)}
# What was missed while the guest was off is made up for at its start.
Persistent=true

[Install]
WantedBy=timers.target
`;
  return [
    writeFile(`${file}.service`, service),
    writeFile(`${file}.timer`, timer),
    `chmod 0644 ${file}.service ${file}.timer`,
  ];
}

/** Lines that end it: archive and backups stay where they are. */
export function pointInTimeRemoval(source: string): string[] {
  const { program, settings, unit } = pointInTimePlaces;
  const units = (["full", "diff"] as const).map((type) => unit(source, type));
  return [
    `[ ! -x ${program} ] || [ ! -f ${settings(source)}/settings ] || ${program} remove ${source}`,
    ...units.flatMap((name) => [
      `systemctl disable --now --quiet ${name}.timer 2>/dev/null || :`,
      `rm -f /etc/systemd/system/${name}.service /etc/systemd/system/${name}.timer`,
    ]),
    "systemctl daemon-reload",
    `rm -rf ${settings(source)}`,
  ];
}
