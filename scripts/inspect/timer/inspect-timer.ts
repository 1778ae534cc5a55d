import { resolve } from "node:path";
import { longestDrill } from "../../../site/drill/mark";
import type { CommandContext } from "../../project/context";
import type { Site } from "../../project/site";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Lines } from "../../terminal/talk";
import type { Inspection } from "../inspection";
import type { timerShape } from "./shape";
import { timerUnits, type TimerSettings } from "./timer-units";

/** Minutes between two runs of the timer. */
const timerMinutes = 5;

/** A timer as a command asks for it. */
type Wanted = Pick<TimerSettings, "service" | "timer" | "calendar" | "timeout" | "alsoGood"> & {
  /** Of both units. */
  readonly name: string;
  /** Of the command line after `lifeboat`. */
  readonly words: readonly string[];
};

/** Units of systemd that take the snapshots that are due, as shell lines that install them. Connects to nothing. */
export function inspectSnapshotTimer(site: Site, environment: string | undefined, context: Pick<CommandContext, "io">) {
  if (environment !== undefined) site.environment(environment);
  return inspectTimer(site, context, {
    name: "lifeboat-snapshots",
    words: ["backup", "snapshots", "--due", ...(environment === undefined ? [] : ["--env", environment])],
    service: "Snapshots of guests that are due by their schedules in Lifeboat's settings",
    timer: "Looks for due snapshots of guests",
    calendar: `*:0/${String(timerMinutes)}`,
    // Two runs at once do no harm.
    timeout: "1h",
  });
}

/** Units that hold the drill of an environment at the time of its settings, in the same form. */
export function inspectDrillTimer(
  site: Site,
  { environment, at, words }: { readonly environment: string; readonly at: string; readonly words: readonly string[] },
  context: Pick<CommandContext, "io">,
) {
  return inspectTimer(site, context, {
    name: `lifeboat-drill-${environment}`,
    words: ["drill", ...words],
    service: `Drill of ${environment}: copies of the newest backups are restored, checked and destroyed`,
    timer: `Holds the drill of ${environment}`,
    calendar: at,
    // From then on another machine takes it for dead, and destroys its copies.
    timeout: `${String(longestDrill)}s`,
  });
}

/** Units that look at the site each hour and tell what has changed. */
export function inspectStatusTimer(
  site: Site,
  { environment, words }: { readonly environment: string | undefined; readonly words: readonly string[] },
  context: Pick<CommandContext, "io">,
) {
  if (environment !== undefined) site.environment(environment);
  const what = environment ?? "the site";
  return inspectTimer(site, context, {
    name: environment === undefined ? "lifeboat-status" : `lifeboat-status-${environment}`,
    words: ["status", ...(environment === undefined ? [] : [environment]), ...words],
    service: `Tells what needs somebody in the backups of ${what}`,
    timer: `Looks at the backups of ${what}`,
    calendar: "hourly",
    timeout: "15m",
    // Something needs somebody, who was told: the service has done its work.
    alsoGood: exitCodes.partly,
  });
}

function inspectTimer(
  site: Site,
  { io }: Pick<CommandContext, "io">,
  { name, words, ...unit }: Wanted,
): Inspection<ValueOf<typeof timerShape>> {
  const { environment: variables, workingDirectory, program } = io;
  const { service, timer } = timerUnits({
    ...unit,
    command: [process.execPath, resolve(workingDirectory, program), ...words],
    project: site.project.folder,
    variables: variablesOf(variables, workingDirectory),
  });
  return {
    value: { name, service, timer },
    print: (lines) => printInstallation({ name, service, timer }, lines),
    exitCode: exitCodes.done,
    remark: (talk) => {
      if ((variables["LIFEBOAT_PROXMOX_TOKEN"] ?? "") === "") return;
      talk.warning(
        "the token is in LIFEBOAT_PROXMOX_TOKEN, which the timer will not have: put it into a file and set LIFEBOAT_PROXMOX_TOKEN_FILE before you print the timer",
      );
    },
  };
}

function printInstallation({ name, service, timer }: ValueOf<typeof timerShape>, lines: Lines): void {
  lines.line("mkdir -p ~/.config/systemd/user");
  printFile(`~/.config/systemd/user/${name}.service`, service, lines);
  printFile(`~/.config/systemd/user/${name}.timer`, timer, lines);
  lines.line("systemctl --user daemon-reload");
  lines.line(`systemctl --user enable --now ${name}.timer`);
  lines.line("# Also while nobody is logged in:");
  lines.line('loginctl enable-linger "$(id -un)"');
}

function printFile(path: string, text: string, lines: Lines): void {
  lines.line(`cat > ${path} <<'END'`);
  lines.text(text.trimEnd());
  lines.line("END");
}

/** Also those of one environment: `LIFEBOAT_PROXMOX_TOKEN_FILE_PROD`. A state and its copies lie below the last two. */
const wantedNames =
  /^(?:LIFEBOAT_PROXMOX_TOKEN_FILE|PULUMI_CONFIG_PASSPHRASE_FILE)(?:_|$)|^(?:XDG_STATE_HOME|XDG_DATA_HOME|PULUMI_HOME)$/u;

/** Variables with names of files, as absolute paths; those with secrets have no place in a unit. */
function variablesOf(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
): Record<string, string> {
  const names = Object.keys(environment)
    .filter((name) => wantedNames.test(name))
    .sort();
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = environment[name] ?? "";
      return value === "" ? [] : [[name, resolve(folder, value)]];
    }),
  );
}
