/** What a guest needs to tell the exporter how its dumps are: texts only, no Pulumi. */
import { offsiteGuestPlaces } from "../../../site/data/offsite-places";
import { placesOf } from "../../../site/data/places";
import { reportDropIn, reportPlaces as places, reportUnits as units } from "../../../site/data/report-places";
import { endReport, withoutReportOf } from "../../../site/data/report-removal";
import { putFile } from "../../install/shell";
import { reportAnswerer, reportWriter } from "./scripts";

/** Who may ask a guest how its dumps are. */
export interface ReportSettings {
  /** Addresses, of which there is one at least. */
  readonly watchers: readonly string[];
}

/**
 * A shell script that opens the port for the exporter, or brings it up to date. It may be run any number of times: each source of a
 * guest brings it along. There is no secret in it.
 */
export function installReport(source: string, { watchers }: ReportSettings): string {
  return [
    "(",
    "set -eu",
    "umask 022",
    `getent passwd ${places.user} >/dev/null || useradd --system --no-create-home --home-dir / --shell /usr/sbin/nologin ${places.user}`,
    `install -d -m 0755 ${places.folder}`,
    `report=$(mktemp -d ${places.folder}/.new.XXXXXX)`,
    `trap 'rm -rf "$report"' EXIT`,
    ...putFile("$report", places.writer, "0755", reportWriter),
    ...putFile("$report", places.answerer, "0755", reportAnswerer),
    ...putFile("$report", places.allowed, "0644", watchers.join("\n")),
    ...putFile("$report", units.service, "0644", serviceUnit),
    ...putFile("$report", units.timer, "0644", timerUnit),
    ...putFile("$report", units.socket, "0644", socketUnit),
    ...putFile("$report", units.answer, "0644", answerUnit),
    ...[placesOf(source).unit, offsiteGuestPlaces.unit].flatMap((unit) => {
      const { folder, file } = reportDropIn(unit);
      return [`install -d -m 0755 ${folder}`, ...putFile("$report", file, "0644", afterEachRun)];
    }),
    "systemctl daemon-reload",
    `systemctl enable --now ${places.unit}.timer ${places.answerUnit}.socket`,
    `systemctl start ${places.unit}.service`,
    ")",
    "",
  ].join("\n");
}

/** A shell script that closes the port again. */
export function removeReport(source: string): string {
  return [...withoutReportOf(source), ...endReport, "systemctl daemon-reload", ""].join("\n");
}

const serviceUnit = `[Unit]
Description=Makes the report of this guest's dumps

[Service]
Type=oneshot
ExecStart=${places.writer}
TimeoutStartSec=10min
Nice=10
NoNewPrivileges=yes
`;

/** Besides what follows each run: dumps that somebody removes, and runs by hand. */
const timerUnit = `[Unit]
Description=Makes the report of this guest's dumps

[Timer]
OnBootSec=1min
OnUnitInactiveSec=2min
AccuracySec=10s

[Install]
WantedBy=timers.target
`;

/** Whoever asks too often waits, and the port stays open: systemd would close it for good. */
const socketUnit = `[Unit]
Description=Tells the exporter how this guest's dumps are

[Socket]
ListenStream=${String(places.port)}
Accept=yes
MaxConnections=16
MaxConnectionsPerSource=4
TriggerLimitIntervalSec=0

[Install]
WantedBy=sockets.target
`;

/** Only restrictions that an unprivileged container allows: none that needs mounts. */
const answerUnit = `[Unit]
Description=Tells the exporter how this guest's dumps are
CollectMode=inactive-or-failed

[Service]
ExecStart=${places.answerer}
User=${places.user}
StandardInput=socket
StandardError=null
RuntimeMaxSec=10
LimitAS=64M
LimitFSIZE=0
TasksMax=16
CapabilityBoundingSet=
NoNewPrivileges=yes
RestrictRealtime=yes
LockPersonality=yes
`;

/** In the services of sources and copies. */
const afterEachRun = `[Unit]
OnSuccess=${places.unit}.service
OnFailure=${places.unit}.service
`;
