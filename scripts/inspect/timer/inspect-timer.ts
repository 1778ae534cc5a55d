import { resolve } from "node:path";
import type { CommandContext } from "../../project/context";
import type { Site } from "../../project/site";
import { timerUnits, unitName } from "../../recovery/snapshot/timer-units";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Lines } from "../../terminal/talk";
import type { Inspection } from "../inspection";
import type { timerShape } from "./shape";

/** Minutes between two runs of the timer. */
const timerMinutes = 5;

/** Units of systemd that take the snapshots that are due, as shell lines that install them. Connects to nothing. */
export function inspectTimer(
  site: Site,
  environment: string | undefined,
  { io }: Pick<CommandContext, "io">,
): Inspection<ValueOf<typeof timerShape>> {
  if (environment !== undefined) site.environment(environment);
  const { environment: variables, workingDirectory, program } = io;
  const words = ["backup", "snapshots", "--due", ...(environment === undefined ? [] : ["--env", environment])];
  const { service, timer } = timerUnits({
    command: [process.execPath, resolve(workingDirectory, program), ...words],
    project: site.project.folder,
    variables: variablesOf(variables, workingDirectory),
    minutes: timerMinutes,
  });
  return {
    value: { name: unitName, service, timer },
    print: (lines) => printInstallation(service, timer, lines),
    exitCode: exitCodes.done,
    remark: (talk) => {
      if ((variables["LIFEBOAT_PROXMOX_TOKEN"] ?? "") === "") return;
      talk.warning(
        "the token is in LIFEBOAT_PROXMOX_TOKEN, which the timer will not have: put it into a file and set LIFEBOAT_PROXMOX_TOKEN_FILE before you print the timer",
      );
    },
  };
}

function printInstallation(service: string, timer: string, lines: Lines): void {
  lines.line("mkdir -p ~/.config/systemd/user");
  printFile(`~/.config/systemd/user/${unitName}.service`, service, lines);
  printFile(`~/.config/systemd/user/${unitName}.timer`, timer, lines);
  lines.line("systemctl --user daemon-reload");
  lines.line(`systemctl --user enable --now ${unitName}.timer`);
  lines.line("# Also while nobody is logged in:");
  lines.line('loginctl enable-linger "$(id -un)"');
}

function printFile(path: string, text: string, lines: Lines): void {
  lines.line(`cat > ${path} <<'END'`);
  lines.text(text.trimEnd());
  lines.line("END");
}

/** Also those of one environment: `LIFEBOAT_PROXMOX_TOKEN_FILE_PROD`. */
const wantedNames = /^(?:LIFEBOAT_PROXMOX_TOKEN_FILE|PULUMI_CONFIG_PASSPHRASE_FILE)(?:_|$)|^XDG_STATE_HOME$/u;

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
