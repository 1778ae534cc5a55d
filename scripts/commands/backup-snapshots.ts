import { resolve } from "node:path";
import * as z from "zod";
import { readOnly } from "../../proxmox/api/client";
import { StateFolder } from "../recovery/engine/state-folder";
import { type DueResult, takeDue } from "../recovery/snapshot/take-due";
import { timerUnits, unitName } from "../recovery/snapshot/timer-units";
import type { LoadedEnvironment, Site } from "../project/site";
import { defineCommand } from "./frame/command";
import { type ExitCode, exitCodes } from "../terminal/exit-codes";
import { type Failure, failureOf } from "../clients/failure";
import type { Lines } from "../terminal/talk";
import { green, red, yellow } from "../terminal/text";
import type { CommandContext } from "../project/context";

const inputSchema = z.object({
  due: z.boolean().default(false),
  env: z.string().optional(),
  dryRun: z.boolean().default(false),
  printTimer: z.boolean().default(false),
});

type Input = z.output<typeof inputSchema>;

/** Minutes between two runs of the timer. */
const timerMinutes = 5;

export const command = defineCommand({
  description:
    "Takes the snapshots that are due by the schedules in the settings (guests: … snapshots: { schedule, keep }), and removes those of the schedule that are more than are kept. Guests are not interrupted, and snapshots that somebody else made are left alone. Proxmox has no such schedule: let a timer run this every few minutes.",
  examples: [
    { command: "lifeboat backup snapshots --due", meaning: "what the timer runs" },
    { command: "lifeboat backup snapshots --due --dry-run", meaning: "what would it do now?" },
    { command: "lifeboat backup snapshots --print-timer | sh", meaning: "install a systemd timer for this user" },
  ],
  options: [
    { flags: "--due", description: "take what is due, remove what is too much" },
    { flags: "--env <environment>", description: "of this environment only" },
    { flags: "--dry-run", description: "show what would be done; send nothing that changes anything" },
    { flags: "--print-timer", description: "print shell lines that install a systemd service and its timer" },
  ],
  input: inputSchema.refine(({ due, printTimer }) => due !== printTimer, {
    error: "say what to do: --due, or --print-timer",
  }),
  aim: ({ printTimer }) => (printTimer ? "print the timer of snapshots" : "take the snapshots that are due"),
  interrupt: "clean",
  run: async (input, context) => (input.printTimer ? printTimer(input, context) : takeAll(input, context)),
});

interface UnknownEnvironment {
  readonly environment: string;
  readonly failure: Failure;
}

async function takeAll(input: Input, context: CommandContext): Promise<ExitCode> {
  const environments = chosen(await context.site(), input.env);
  const title = input.dryRun ? "Look for snapshots that are due" : "Take the snapshots that are due";
  const looks = await context.progress.step(title, () =>
    Promise.all(environments.usable.map((environment) => takeOf(environment, input.dryRun, context))),
  );
  context.signal.throwIfAborted();
  const guests = looks.flatMap((look) => ("failure" in look ? [] : look));
  const unknown = [...environments.unusable, ...looks.flatMap((look) => ("failure" in look ? [look] : []))];
  const exitCode = exitCodeOf(guests, unknown);
  const value = {
    exitCode,
    dryRun: input.dryRun,
    guests,
    unknown: unknown.map(({ environment, failure: { message, hint } }) => ({ environment, message, hint })),
  };
  context.output.result(value, (lines) => print(guests, unknown, input.dryRun, lines));
  return exitCode;
}

function chosen(site: Site, only: string | undefined): { usable: LoadedEnvironment[]; unusable: UnknownEnvironment[] } {
  if (only !== undefined) return { usable: [site.environment(only)], unusable: [] };
  const { usable, unusable } = site.environments();
  return {
    usable,
    unusable: unusable.map(({ name, error }) => ({ environment: name, failure: failureOf(error, "use the settings") })),
  };
}

/** A node that does not answer leaves the others' snapshots going. */
async function takeOf(
  environment: LoadedEnvironment,
  dryRun: boolean,
  context: CommandContext,
): Promise<DueResult[] | UnknownEnvironment> {
  try {
    const client = await environment.client();
    const site = { environment: environment.name, endpoint: environment.settings.proxmox.endpoint };
    const state = new StateFolder(site, context.io.environment);
    return await takeDue({ environment, client: dryRun ? readOnly(client) : client, state, dryRun }, context);
  } catch (error) {
    context.signal.throwIfAborted();
    const failure = failureOf(error, `take snapshots of ${environment.name}`);
    if (failure.stack !== undefined) throw error;
    return { environment: environment.name, failure };
  }
}

function exitCodeOf(guests: readonly DueResult[], unknown: readonly UnknownEnvironment[]): ExitCode {
  const [first] = unknown;
  if (first !== undefined && guests.length === 0) return first.failure.exitCode;
  const bad = unknown.length > 0 || guests.some(({ problem }) => problem !== undefined);
  return bad ? exitCodes.partly : exitCodes.done;
}

function print(
  guests: readonly DueResult[],
  unknown: readonly UnknownEnvironment[],
  dryRun: boolean,
  lines: Lines,
): void {
  const would = dryRun ? "would be " : "";
  for (const { guest, taken, removed, postponed, problem } of guests) {
    for (const name of taken) lines.line([green("✓"), ` ${guest}: ${would}taken: ${name}`]);
    for (const name of removed) lines.line([green("✓"), ` ${guest}: ${would}removed: ${name}`]);
    if (postponed !== undefined) lines.hanging([yellow("!"), " "], `${guest}: postponed: ${postponed}`);
    if (problem !== undefined) lines.hanging([red("✗"), " "], `${guest}: ${problem}`);
  }
  for (const { environment, failure } of unknown) {
    lines.hanging([red("✗"), " "], `${environment}: ${failure.message}`);
    if (failure.hint !== undefined) lines.hanging("    HINT: ", failure.hint);
  }
  const idle = guests.every(
    ({ taken, removed, postponed, problem }) =>
      taken.length + removed.length === 0 && (postponed ?? problem) === undefined,
  );
  if (idle && unknown.length === 0) {
    lines.line(guests.length === 0 ? "No guest has snapshots in its settings." : "Nothing is due.");
  }
}

async function printTimer({ env }: Input, context: CommandContext): Promise<ExitCode> {
  const { io, output, talk } = context;
  const site = await context.site();
  if (env !== undefined) site.environment(env);
  const words = ["backup", "snapshots", "--due", ...(env === undefined ? [] : ["--env", env])];
  const { service, timer } = timerUnits({
    command: [process.execPath, resolve(io.workingDirectory, io.program), ...words],
    project: site.project.folder,
    variables: variablesOf(io.environment, io.workingDirectory),
    minutes: timerMinutes,
  });
  output.result({ name: unitName, service, timer }, (lines) => {
    lines.line("mkdir -p ~/.config/systemd/user");
    printFile(`~/.config/systemd/user/${unitName}.service`, service, lines);
    printFile(`~/.config/systemd/user/${unitName}.timer`, timer, lines);
    lines.line("systemctl --user daemon-reload");
    lines.line(`systemctl --user enable --now ${unitName}.timer`);
    lines.line("# Also while nobody is logged in:");
    lines.line('loginctl enable-linger "$(id -un)"');
  });
  if ((io.environment["LIFEBOAT_PROXMOX_TOKEN"] ?? "") !== "") {
    talk.warning(
      "the token is in LIFEBOAT_PROXMOX_TOKEN, which the timer will not have: put it into a file and set LIFEBOAT_PROXMOX_TOKEN_FILE before you print the timer",
    );
  }
  return exitCodes.done;
}

function printFile(path: string, text: string, lines: Lines): void {
  lines.line(`cat > ${path} <<'END'`);
  lines.text(text.trimEnd());
  lines.line("END");
}

/** Variables with names of files, as absolute paths; those with secrets have no place in a unit. */
function variablesOf(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
): Record<string, string> {
  const names = ["LIFEBOAT_PROXMOX_TOKEN_FILE", "PULUMI_CONFIG_PASSPHRASE_FILE", "XDG_STATE_HOME"];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = environment[name] ?? "";
      return value === "" ? [] : [[name, resolve(folder, value)]];
    }),
  );
}
