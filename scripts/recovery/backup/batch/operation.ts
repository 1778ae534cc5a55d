import { counted } from "../../../terminal/text";
import type { CommandContext } from "../../../project/context";
import type { LoadedEnvironment } from "../../../project/site";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import type { Batch, BegunMember, Member, PlannedMember } from "../../engine/batch";
import type { GivenAnswers } from "../../engine/consent";
import type { Operation, Planned } from "../../engine/operation";
import { planIn, shownSteps } from "../../engine/run-one";
import type { NodeSession } from "../../engine/session";
import { subjectName } from "../../engine/subject";
import { whyTooOld } from "../../engine/too-old";
import { type EnvironmentAtWork, environmentAtWork, lockGuest, planEnvironment } from "./make-plan";
import { type BackupRun, backupRunKind, backupRunSchema } from "./plan";
import { exitCodeOf, reportRuns } from "./report";
import { runSteps } from "./steps";
import { printRun, runsView } from "./view";

/** A backup of all guests of some environments. */
export interface BackupBatchRequest {
  readonly environments: readonly [LoadedEnvironment, ...LoadedEnvironment[]];
  readonly dryRun: boolean;
  readonly given: GivenAnswers;
  /** The command line that does the same again. */
  readonly command: string;
}

/** Nodes that are at work at the same time. */
const parallel = 8;

/** All guests of environments are backed up as their jobs would do it: one run of vzdump for each node. */
export async function backupBatch(
  { environments, dryRun, given, command }: BackupBatchRequest,
  context: CommandContext,
): Promise<Batch<BackupRun>> {
  const [first, ...others] = environments;
  const atWork = [
    await environmentAtWork(first, context, dryRun),
    ...(await Promise.all(others.map((one) => environmentAtWork(one, context, dryRun)))),
  ] as const;
  const names = environments.map(({ name }) => name);
  const memberOf = (run: BackupRun, number: number): Member<BackupRun> | undefined => {
    const environment = atWork.find((one) => one.environment.name === run.environment);
    if (environment === undefined) return undefined;
    const session = nodeSession(environment, run.node, number, context, dryRun);
    return { session, operation: runOperation(session, run, { command, given }) };
  };
  return {
    context,
    dryRun,
    name: `backup of all guests of ${names.join(", ")}`,
    subjects: names.join(", "),
    participle: "backed up",
    bundles: atWork[0].state.bundles,
    request: { backup: "all", environments: names.join(" ") },
    command,
    given,
    skipRefused: true,
    bounds: {
      parallel,
      perKey: 1,
      keyOf: ({ session, plan }) => `${session.environment.settings.proxmox.endpoint} ${plan.node}`,
    },
    plan: async (superseded) => {
      const plans = await Promise.all(
        atWork.map((one) => planEnvironment(one, superseded, dryRun ? undefined : command, context)),
      );
      const members = plans.flatMap(({ runs }) => runs.flatMap((run, index) => memberOf(run, index + 1) ?? []));
      return {
        members: await Promise.all(members.map(plannedMember)),
        refused: plans.flatMap(({ refused }) => refused),
      };
    },
    view: ({ members }) =>
      runsView(
        environments,
        members.map(({ planned }) => planned.plan),
      ),
    // One environment is what was asked for by name; all of them are more than a slip of the finger should start.
    ...(environments.length < 2 ? {} : { question: questionOf }),
    memberOf: (journal) => {
      const run = planIn({ schema: backupRunSchema, name: "backup of all" }, journal);
      return memberOf(run, journal.contents.guest?.id ?? 1);
    },
    beforeResume: (open) => {
      for (const part of open) lockPart(part, command);
    },
    title: (parts) => `Back up ${guestsIn(parts.map(({ plan }) => plan))}`,
    exitCodeOf,
    report: (outcomes, refused) => reportRuns(outcomes, refused, environments),
  };
}

function nodeSession(
  { environment, client, state }: EnvironmentAtWork,
  node: string,
  number: number,
  context: CommandContext,
  dryRun: boolean,
): NodeSession {
  const subject = { kind: "node", environment: environment.name, node, number } as const;
  return { context, environment, subject, client, state, dryRun, selector: subjectName(subject) };
}

/** One run of vzdump over the guests of a node. */
function runOperation(
  session: NodeSession,
  run: BackupRun,
  { command, given }: Pick<BackupBatchRequest, "command" | "given">,
): Operation<BackupRun> {
  return {
    kind: backupRunKind,
    name: `backup of ${session.selector}`,
    schema: backupRunSchema,
    request: {},
    command,
    given,
    plan: () => Promise.resolve(plannedRun(run)),
    steps: (plan) => runSteps(plan, session.client),
    report: (plan) => ({ value: { ...plan }, print: (lines) => printRun(plan, lines) }),
    // A run may take hours, and is waited for; what is older than a day is not what somebody wants who asks now.
    outdated: (open) => whyTooOld(open, 86_400),
    meaning: ({ node }) => ({ text: `the backup may go on on ${node}.` }),
  };
}

function plannedRun(run: BackupRun): Planned<BackupRun> {
  const view = { value: { ...run }, print: (lines: Parameters<typeof printRun>[1]) => printRun(run, lines) };
  return { plan: run, demands: [], inputs: {}, view };
}

async function plannedMember(member: Member<BackupRun>): Promise<PlannedMember<BackupRun>> {
  const { session, operation } = member;
  const planned = await operation.plan();
  if ("nothing" in planned) throw new Error("A run always has guests.");
  return { ...member, planned, steps: await shownSteps(session, operation, planned) };
}

function questionOf(members: readonly PlannedMember<BackupRun>[]): string {
  const runs = members.map(({ planned }) => planned.plan);
  const names = new Set(runs.map(({ environment }) => environment));
  return `Back up all ${guestsIn(runs)} of ${[...names].join(", ")} now?`;
}

function guestsIn(runs: readonly BackupRun[]): string {
  const count = runs.reduce((sum, { guests }) => sum + guests.length, 0);
  return counted(count, "guest");
}

/** @throws CommandError (11) while the run that began it is still there */
function lockPart({ session, plan }: BegunMember<BackupRun>, command: string): void {
  for (const guest of plan.guests) {
    const refusal = lockGuest(session, guest, command);
    if (refusal === undefined) continue;
    const { subject, message, hint } = refusal;
    throw new CommandError(`${subject}: ${message}`, { exitCode: exitCodes.locked, hint });
  }
}
