import * as z from "zod";
import type { Guest } from "../../site/settings/environment";
import { nodesOf } from "../../site/needs";
import { show } from "../inspect/inspection";
import { inspectDrillTimer } from "../inspect/timer/inspect-timer";
import { timerShape } from "../inspect/timer/shape";
import { readStorages } from "../inspect/status/backup-storages";
import { archivesByGuest } from "../inspect/status/guest-archives";
import type { CommandContext } from "../project/context";
import type { LoadedEnvironment } from "../project/site";
import { drillOperation } from "../recovery/drill/operation";
import { drillShapes } from "../recovery/drill/plan";
import { readProofs } from "../recovery/drill/history";
import { lastProofs } from "../recovery/drill/last-proofs";
import { longestUnproven } from "../recovery/drill/longest-unproven";
import { runOne } from "../recovery/engine/run-one";
import { clientOf, type NodeSession, stateOf } from "../recovery/engine/session";
import { drillNumber, subjectName } from "../recovery/engine/subject";
import { defaultCheckSeconds } from "../recovery/steps/guest/open-world";
import { usageError } from "../terminal/command-error";
import type { ExitCode } from "../terminal/exit-codes";
import { defineCommand } from "./frame/command";
import { durationFlag } from "./frame/duration-flag";

const inputSchema = z.object({
  guests: z.array(z.string()).default([]),
  env: z.string().optional(),
  for: durationFlag.optional(),
  checkTimeout: z.coerce.number().int().min(0).max(3_600).default(defaultCheckSeconds),
  force: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  printTimer: z.boolean().default(false),
});

type Input = z.output<typeof inputSchema>;

export const command = defineCommand({
  description:
    "Proves backups: restores the newest archive of each guest to a number of a reserved range, every card on a bridge that leads nowhere, starts it, makes the guest's declared checks, compares the time with its RTO, and destroys the copy. Guests that need others are drilled together, these first. The originals are left alone. What was found is kept in the archives' notes. Exit code 3: a guest is not proven.",
  examples: [
    { command: "lifeboat drill --dry-run", meaning: "which copies would be made, and where?" },
    { command: "lifeboat drill --force", meaning: "every guest that is backed up, without a question" },
    { command: "lifeboat drill app --env prod", meaning: "one guest, with those that it needs" },
    {
      command: "lifeboat drill --for 2h --force",
      meaning: "the longest unproven first, and none begun after two hours",
    },
    { command: "lifeboat drill --print-timer | sh", meaning: "install a systemd timer for this user" },
  ],
  arguments: [
    {
      name: "guests",
      description: "names or ids; default: every guest that is backed up",
      required: false,
      variadic: true,
    },
  ],
  options: [
    { flags: "--env <environment>", description: "its guests; needed where more than one has a drill" },
    { flags: "--for <duration>", description: "longest unproven first; begin none after this time, such as 2h" },
    {
      flags: "--check-timeout <seconds>",
      description: `how long each check is repeated (default: ${defaultCheckSeconds})`,
    },
    { flags: "--dry-run", description: "show the plan; send nothing that changes anything" },
    {
      flags: "--print-timer",
      description: "print shell lines that install a systemd service and its timer (drill.at)",
    },
    { flags: "--force", description: "answer the plan's question with yes" },
  ],
  input: inputSchema,
  aim: ({ guests, printTimer }) =>
    printTimer ? "print the timer of drills" : `drill ${guests.length === 0 ? "guests" : guests.join(", ")}`,
  interrupt: "clean",
  prints: { ...drillShapes, "--print-timer": timerShape },
  run: (input, context) => drill(input, context),
});

const drillIsDeclared =
  "name a bridge that leads nowhere and numbers for copies: lifeboat:drill: { bridge: vmbr9, ids: { from: 9000, to: 9099 } }";

async function drill(input: Input, context: CommandContext): Promise<ExitCode> {
  const { environment, guests } = await chosen(input, context);
  const { drill: settings } = environment.settings;
  if (settings === undefined) {
    throw usageError(`the settings of ${environment.name} have no lifeboat:drill`, drillIsDeclared);
  }
  const words = [
    ...input.guests,
    "--env",
    environment.name,
    ...(input.for === undefined ? [] : ["--for", input.for.word]),
  ];
  if (input.printTimer) {
    const wanted = { environment: environment.name, at: settings.at, words: [...words, "--force"] };
    return show(context, inspectDrillTimer(await context.site(), wanted, context));
  }
  const { node } = environment.settings.proxmox;
  const subject = { kind: "node", environment: environment.name, node, number: drillNumber } as const;
  const state = stateOf(environment, context);
  const session = {
    context,
    environment,
    subject,
    client: await clientOf(environment, input.dryRun),
    state,
    dryRun: input.dryRun,
    selector: subjectName(subject),
  };
  const operation = drillOperation(session, {
    settings,
    guests: input.for !== undefined && input.guests.length === 0 ? await sorted(session, guests) : guests,
    within: input.for?.seconds,
    checkSeconds: input.checkTimeout,
    given: { "--force": input.force },
    command: ["lifeboat", "drill", ...words, ...(input.force ? ["--force"] : [])].join(" "),
  });
  return runOne(session, operation);
}

/** What any machine has found counts: it stands in the archives' notes. */
function sorted({ client, context, environment, state }: NodeSession, guests: readonly Guest[]): Promise<Guest[]> {
  return context.progress.step("Look up when each guest was last proven", async () => {
    const { settings } = environment;
    const { archives } = await readStorages(client, nodesOf(settings), settings.backup.storage.id);
    const ids = guests.map(({ id }) => id);
    return longestUnproven(guests, await lastProofs(client, ids, archivesByGuest(archives), readProofs(state.path)));
  });
}

async function chosen(
  { guests, env }: Input,
  context: CommandContext,
): Promise<{ readonly environment: LoadedEnvironment; readonly guests: readonly Guest[] }> {
  const site = await context.site();
  if (guests.length > 0) {
    const found = guests.map((name) =>
      site.findGuest(env === undefined || name.includes("/") ? name : `${env}/${name}`),
    );
    const [first, ...others] = found;
    const stranger = others.find(({ environment }) => environment.name !== first?.environment.name);
    if (first === undefined || stranger !== undefined) {
      throw usageError("the guests are of more than one environment", "drill one environment at a time");
    }
    return { environment: first.environment, guests: [...new Set(found.map(({ guest }) => guest))] };
  }
  const environment = env === undefined ? onlyDrill(site.environments().usable) : site.environment(env);
  return { environment, guests: environment.settings.guests.filter(({ optOut }) => optOut === undefined) };
}

function onlyDrill(environments: readonly LoadedEnvironment[]): LoadedEnvironment {
  const [first, second] = environments.filter(({ settings }) => settings.drill !== undefined);
  if (first !== undefined && second === undefined) return first;
  const [only, another] = environments;
  if (first === undefined && only !== undefined && another === undefined) return only;
  if (first === undefined) throw usageError("no environment has settings for a drill", drillIsDeclared);
  throw usageError("more than one environment has settings for a drill", `name one: --env ${first.name}`);
}
