import * as z from "zod";
import { type BackupPlan, backupPlanSchema } from "../recovery/backup/plan";
import { backupSteps } from "../recovery/backup/steps";
import { planBackup } from "../recovery/backup/make-plan";
import type { LoadedEnvironment, Site } from "../project/site";
import type { Journal } from "../recovery/engine/journal";
import { type GuestSession, journalsOf, openSession, takeLock, unfinished } from "../recovery/engine/session";
import { defineCommand } from "./frame/command";
import { CommandError, usageError } from "../terminal/command-error";
import { formatBytes, formatDuration } from "../terminal/durations";
import { type ExitCode, exitCodes } from "../terminal/exit-codes";
import type { CommandContext } from "../project/context";
import { runSteps } from "../recovery/engine/run-steps";
import { messageOf } from "../machine/error-code";

const kind = "backup-guest";

const inputSchema = z.object({
  guest: z.string().optional(),
  all: z.boolean().default(false),
  env: z.string().optional(),
  force: z.boolean().default(false),
  dryRun: z.boolean().default(false),
});

type Input = z.output<typeof inputSchema>;

export const command = defineCommand({
  description:
    "Backs a guest up now, with the options of its environment's backup job: storage, mode, compression, notes, retention. With --all every guest of an environment, as the job would: one run for each node, one guest after the other. Guests that opted out are left out.",
  examples: [
    { command: "lifeboat backup web", meaning: "back the guest web up and wait for the result" },
    { command: "lifeboat backup prod/web --dry-run", meaning: "show what would be asked of the node" },
    { command: "lifeboat backup --all prod", meaning: "every guest of the environment prod" },
    { command: "lifeboat backup --all --force", meaning: "every guest of every environment, without a question" },
  ],
  arguments: [
    { name: "guest", description: "id, name, or environment/name; with --all an environment", required: false },
  ],
  options: [
    { flags: "--all", description: "every guest of the environment, or of all environments" },
    { flags: "--env <environment>", description: "with --all: of this environment only" },
    { flags: "--force", description: "with --all: do not ask whether all environments are meant" },
    { flags: "--dry-run", description: "show the plan; send nothing that changes anything" },
  ],
  input: inputSchema,
  aim: ({ guest, all, env }) => {
    const of = guest ?? env;
    if (!all) return `back up ${guest ?? "a guest"}`;
    return `back up all guests${of === undefined ? "" : ` of ${of}`}`;
  },
  interrupt: "clean",
  run: async (input, context) => (input.all ? backUpAll(input, context) : backUpOne(input, context)),
});

async function backUpAll({ guest, env, force, dryRun }: Input, context: CommandContext): Promise<ExitCode> {
  if (guest !== undefined && env !== undefined && guest !== env) {
    throw usageError(`two environments are named: ${guest} and ${env}`);
  }
  const only = guest ?? env;
  const { conductRuns } = await import("../recovery/backup/batch/operation.js");
  return conductRuns(
    {
      environments: chosenEnvironments(await context.site(), only),
      dryRun,
      given: { "--force": force },
      command: [
        "lifeboat",
        "backup",
        "--all",
        ...(only === undefined ? [] : [only]),
        ...(force ? ["--force"] : []),
      ].join(" "),
    },
    context,
  );
}

/** Settings that cannot be read would leave guests out without a word: that is an error. */
function chosenEnvironments(site: Site, only: string | undefined): LoadedEnvironment[] {
  if (only?.includes("/") === true) throw usageError(`'${only}' is a guest, and --all is for environments`);
  if (only !== undefined) return [site.environment(only)];
  const { usable, unusable } = site.environments();
  const [broken] = unusable;
  if (broken !== undefined) throw broken.error;
  return usable;
}

async function backUpOne({ guest, env, dryRun }: Input, context: CommandContext): Promise<ExitCode> {
  if (env !== undefined) throw usageError("--env goes with --all", "name a guest of it: environment/name");
  if (guest === undefined) throw usageError("no guest is named", "name one, or all of an environment: --all prod");
  const session = await openSession(guest, context, dryRun);
  const command = `lifeboat backup ${session.selector}`;
  if (!dryRun) takeLock(session, command);
  const open = openBackup(session);
  const plan =
    open === undefined ? await context.progress.step("Look at the guest", () => planBackup(session)) : planOf(open);
  showPlan(session, plan, open);
  if (dryRun) return exitCodes.done;
  const journal = open ?? begin(session, plan, command);
  const findings = await runSteps(session, journal, backupSteps(plan, session.client), {
    explain: (failure) => failed(failure.cause, messageOf(failure.cause)),
  });
  report(
    session,
    plan,
    journal,
    findings.map(({ text }) => text),
  );
  return exitCodes.done;
}

/** A backup that was interrupted. A restore that was interrupted must come first: the guest may be half there. */
function openBackup(session: GuestSession): Journal | undefined {
  const open = unfinished(journalsOf(session));
  if (open === undefined || open.contents.kind === kind) return open;
  throw new CommandError(`a restore of ${session.guest.name} begun at ${open.contents.startedAt} has not ended`, {
    exitCode: exitCodes.locked,
    hint: `resume it: ${open.contents.command}; or take it back: lifeboat undo ${session.selector}`,
  });
}

function planOf(journal: Journal): BackupPlan {
  return backupPlanSchema.parse(journal.contents.plan);
}

function begin({ state, environment, guest }: GuestSession, plan: BackupPlan, command: string): Journal {
  return state.begin({
    kind,
    command,
    guest: { environment: environment.name, name: guest.name, id: guest.id, node: plan.target.node },
    request: {},
    inputs: {},
    plan,
  });
}

function showPlan({ context, dryRun }: GuestSession, plan: BackupPlan, open: Journal | undefined): void {
  const { talk, output } = context;
  if (open !== undefined) talk.line(`A backup begun at ${open.contents.startedAt} has not ended: going on with it.`);
  talk.line(`Plan: back ${plan.guest} (${plan.target.vmid} on ${plan.target.node}) up to ${plan.storage}`);
  for (const remark of plan.remarks) talk.line(`  ${remark}`);
  if (!dryRun) return;
  const options = Object.entries(plan.request).map(([name, value]) => [name, String(value)] as const);
  output.result({ plan }, (lines) => {
    lines.line(`Would back up ${plan.guest} (${plan.target.vmid} on ${plan.target.node}) with:`);
    lines.table([["option", "value"], ...options], "  ");
  });
}

function failed(cause: unknown, text: string): Error {
  if (cause instanceof Error && cause.name !== "Error") return cause;
  return new CommandError(text, { exitCode: exitCodes.failed, cause });
}

function report(
  { context, selector }: GuestSession,
  plan: BackupPlan,
  journal: Journal,
  notes: readonly string[],
): void {
  const seconds = journal.record("backup")?.seconds;
  const facts = journal.factsOf("backup");
  const archive = String(facts["archive"]);
  const bytes = Number(facts["bytes"]);
  context.output.result({ guest: selector, vmid: plan.target.vmid, archive, bytes, seconds, notes }, (lines) => {
    const time = seconds === undefined ? "" : ` in ${formatDuration(seconds)}`;
    lines.line(`Backed up ${plan.guest}: ${archive} (${formatBytes(bytes)})${time}`);
    for (const note of notes) lines.line(`  ${note}`);
    lines.line(`All backups of it: lifeboat backups ${selector}`);
  });
}
