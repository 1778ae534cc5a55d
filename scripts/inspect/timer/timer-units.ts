import { systemdQuote, systemdWord } from "../../clients/systemd-quote";

/** What the operator's machine needs to take snapshots by itself. */
export interface TimerSettings {
  /** Words of the command, absolute paths. */
  readonly command: readonly string[];
  /** Project folder. */
  readonly project: string;
  /** Variables that the command needs, such as the file of the token. No secrets. */
  readonly variables: Readonly<Record<string, string>>;
  /** Minutes between two runs. */
  readonly minutes: number;
}

/** Name of both units. */
export const unitName = "lifeboat-snapshots";

/** A systemd service and its timer, for the operator's machine. */
export function timerUnits({ command, project, variables, minutes }: TimerSettings): {
  service: string;
  timer: string;
} {
  const environment = Object.entries({ LIFEBOAT_PROJECT: project, ...variables }).map(
    ([name, value]) => `Environment=${systemdQuote(`${name}=${value}`)}`,
  );
  const service = [
    "[Unit]",
    "Description=Snapshots of guests that are due by their schedules in Lifeboat's settings",
    "Wants=network-online.target",
    "After=network-online.target",
    "",
    "[Service]",
    "Type=oneshot",
    ...environment,
    `ExecStart=${command.map(systemdWord).join(" ")}`,
    // Two runs at once do no harm; one that hangs must not keep the next from starting for ever.
    "TimeoutStartSec=1h",
    "",
  ];
  const timer = [
    "[Unit]",
    "Description=Looks for due snapshots of guests",
    "",
    "[Timer]",
    `OnCalendar=*:0/${minutes}`,
    // What was missed while the machine was off is made up for at once, by one snapshot for each guest.
    "Persistent=true",
    "",
    "[Install]",
    "WantedBy=timers.target",
    "",
  ];
  return { service: service.join("\n"), timer: timer.join("\n") };
}
