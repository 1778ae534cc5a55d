import { endOfLooks } from "../terminal/progress";
import * as z from "zod";
import { clientOf } from "../recovery/engine/session";
import { show } from "../inspect/inspection";
import { inspectSnapshotTimer } from "../inspect/timer/inspect-timer";
import { timerShape } from "../inspect/timer/shape";
import { StateFolder } from "../recovery/engine/state-folder";
import { dueShape } from "../recovery/snapshot/due-shape";
import { type DueResult, takeDue } from "../recovery/snapshot/take-due";
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

export const command = defineCommand({
  description:
    "Takes the snapshots that are due by the schedules in the settings (guests: … snapshots: { schedule, keep }), and removes the schedule's oldest beyond the number to keep. Guests are not interrupted, and snapshots that somebody else made stay. Proxmox has no such schedule: let a timer run this every few minutes.",
  examples: [
    { command: "lifeboat backup snapshots --due", meaning: "what the timer runs" },
    { command: "lifeboat backup snapshots --due --dry-run", meaning: "what would it do now?" },
    { command: "lifeboat backup snapshots --print-timer | sh", meaning: "install a systemd timer for this user" },
  ],
  options: [
    { flags: "--due", description: "take what is due, remove what is beyond the number to keep" },
    { flags: "--env <environment>", description: "of this environment only" },
    { flags: "--dry-run", description: "show what would be done; send nothing that changes anything" },
    { flags: "--print-timer", description: "print shell lines that install a systemd service and its timer" },
  ],
  input: inputSchema.refine(({ due, printTimer }) => due !== printTimer, {
    error: "say what to do: --due, or --print-timer",
  }),
  aim: ({ printTimer }) => (printTimer ? "print the timer of snapshots" : "take the snapshots that are due"),
  interrupt: "clean",
  prints: { "--due": dueShape, "--print-timer": timerShape },
  run: async (input, context) => {
    if (!input.printTimer) return takeAll(input, context);
    return show(context, inspectSnapshotTimer(await context.site(), input.env, context));
  },
});

interface UnknownEnvironment {
  readonly environment: string;
  readonly failure: Failure;
}

async function takeAll(input: Input, context: CommandContext): Promise<ExitCode> {
  const environments = chosen(await context.site(), input.env);
  const title = input.dryRun ? "Look for snapshots that are due" : "Take the snapshots that are due";
  const answers = await context.progress.step(
    title,
    () => Promise.all(environments.usable.map((environment) => takeOf(environment, input.dryRun, context))),
    (found) =>
      endOfLooks(found, (answer) => "failure" in answer || answer.some(({ problem }) => problem !== undefined)),
  );
  context.signal.throwIfAborted();
  const guests = answers.flatMap((answer) => ("failure" in answer ? [] : answer));
  const unknown = [...environments.unusable, ...answers.flatMap((answer) => ("failure" in answer ? [answer] : []))];
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
    const site = { environment: environment.name, endpoint: environment.settings.proxmox.endpoint };
    const state = new StateFolder(site, context.io.environment);
    return await takeDue({ environment, client: await clientOf(environment, dryRun), state, dryRun }, context);
  } catch (error) {
    context.signal.throwIfAborted();
    const failure = failureOf(error, `take snapshots of ${environment.name}`);
    if (failure.stack !== undefined) throw error;
    return { environment: environment.name, failure };
  }
}

/** Nothing wrong: 0. Something done beside it: 3. Nothing: the code that all have, else 3. */
function exitCodeOf(guests: readonly DueResult[], unknown: readonly UnknownEnvironment[]): ExitCode {
  const codes = new Set([
    ...unknown.map(({ failure }) => failure.exitCode),
    ...guests.flatMap(({ exitCode }) => exitCode ?? []),
  ]);
  const [code = exitCodes.done] = codes;
  const isAnyDone = guests.some(({ taken, removed }) => taken.length + removed.length > 0);
  return codes.size > 1 || (codes.size > 0 && isAnyDone) ? exitCodes.partly : code;
}

function print(
  guests: readonly DueResult[],
  unknown: readonly UnknownEnvironment[],
  dryRun: boolean,
  lines: Lines,
): void {
  const would = dryRun ? "would be " : "";
  for (const { guest, taken, removed, postponed, problem, hint } of guests) {
    for (const name of taken) lines.line([green("✓"), ` ${guest}: ${would}taken: ${name}`]);
    for (const name of removed) lines.line([green("✓"), ` ${guest}: ${would}removed: ${name}`]);
    if (postponed !== undefined) lines.hanging([yellow("!"), " "], `${guest}: postponed: ${postponed}`);
    if (problem === undefined) continue;
    lines.hanging([red("✗"), " "], `${guest}: ${problem}`);
    if (hint !== undefined) lines.hanging("    HINT: ", hint);
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
