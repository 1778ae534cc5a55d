import { systemdQuote, systemdWord } from "../../clients/systemd-quote";

/** What the operator's machine needs to run a command by itself. */
export interface TimerSettings {
  /** Words of the command, absolute paths. */
  readonly command: readonly string[];
  /** Project folder. */
  readonly project: string;
  /** Variables that the command needs, such as the file of the token. No secrets. */
  readonly variables: Readonly<Record<string, string>>;
  /** What the service does, for people. */
  readonly service: string;
  /** What the timer does, for people. */
  readonly timer: string;
  /** When it runs, in systemd's words: `*:0/5`. */
  readonly calendar: string;
  /** After which one that hangs is ended, so that it does not keep the next from starting for ever: `1h`. */
  readonly timeout: string;
  /** An exit code with which the service has not failed. */
  readonly alsoGood?: number;
}

/** A systemd service and its timer, for the operator's machine. */
export function timerUnits({ command, project, variables, ...unit }: TimerSettings): {
  service: string;
  timer: string;
} {
  const environment = Object.entries({ LIFEBOAT_PROJECT: project, ...variables }).map(
    ([name, value]) => `Environment=${systemdQuote(`${name}=${value}`)}`,
  );
  const service = [
    "[Unit]",
    `Description=${unit.service}`,
    "Wants=network-online.target",
    "After=network-online.target",
    "",
    "[Service]",
    "Type=oneshot",
    ...environment,
    `ExecStart=${command.map(systemdWord).join(" ")}`,
    ...(unit.alsoGood === undefined ? [] : [`SuccessExitStatus=${String(unit.alsoGood)}`]),
    `TimeoutStartSec=${unit.timeout}`,
    "",
  ];
  const timer = [
    "[Unit]",
    `Description=${unit.timer}`,
    "",
    "[Timer]",
    `OnCalendar=${unit.calendar}`,
    // What was missed while the machine was off is made up for at once, by one run.
    "Persistent=true",
    "",
    "[Install]",
    "WantedBy=timers.target",
    "",
  ];
  return { service: service.join("\n"), timer: timer.join("\n") };
}
