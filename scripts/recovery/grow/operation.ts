import { refreshContainer } from "../../project/pulumi-variables";
import { CommandError } from "../../terminal/command-error";
import { formatDuration } from "../../terminal/durations";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { failureOf } from "../../clients/failure";
import type { Lines } from "../../terminal/talk";
import { type StepFailure, remainingSteps } from "../engine/apply";
import { flagOf, type GivenAnswers } from "../engine/consent";
import { digestOf } from "../engine/digest";
import type { Journal } from "../engine/journal";
import { type Finding, placeSteps } from "../engine/step";
import { comparisonFindings } from "../steps/guest/open-world";
import { type GuestSession, halfDone, unfinished } from "../engine/session";
import { forceFlag, confirm } from "../engine/settle-demands";
import { type GrowPlan, growKind, growPlanSchema } from "./plan";
import { growSteps, type GrowWorld } from "./steps";
import { type PlannedGrowth, planGrowth, settingsInput } from "./make-plan";
import { printFinding } from "../engine/print-finding";
import { runSteps } from "../engine/run-steps";
import { messageOf } from "../../machine/error-code";

/** What `lifeboat grow` was asked for. */
export interface GrowRequest {
  readonly given: GivenAnswers;
  /** The command line that does the same again. */
  readonly command: string;
}

/** Inspects, plans, asks, grows and adds disks, and reports; or goes on with what has not ended. */
export async function conductGrow(
  session: GuestSession,
  request: GrowRequest,
  journals: readonly Journal[],
): Promise<ExitCode> {
  const open = unfinished(journals);
  if (open === undefined || isOutdated(session, open)) return begin(session, request);
  return goOn(session, request, open);
}

/** What is left follows from guest and settings alone: with other settings another plan is made. */
function isOutdated({ context, dryRun, guest }: GuestSession, open: Journal): boolean {
  const { kind, inputs, startedAt } = open.contents;
  if (kind !== growKind || inputs[settingsInput] === digestOf(guest)) return false;
  context.talk.line(`What was begun at ${startedAt} is not gone on with: the settings have changed since.`);
  if (!dryRun) open.setState("unproven");
  return true;
}

async function begin(session: GuestSession, request: GrowRequest): Promise<ExitCode> {
  const { context, dryRun, environment, guest, state } = session;
  const planned = await context.progress.step(`Look at ${session.selector}`, () => planGrowth(session));
  const { plan, demands, inputs } = planned;
  if (plan.growths.length + plan.additions.length === 0) return nothingToDo(session, planned);
  const view = viewOf(planned, session);
  if (dryRun) context.output.result({ plan: view }, (lines) => printPlan(view, lines));
  else printPlan(view, context.talk);
  if (dryRun) return exitCodes.done;
  await confirm(demands, request.given, context);
  const journal = state.begin({
    kind: growKind,
    command: request.command,
    guest: { environment: environment.name, name: guest.name, id: guest.id, node: plan.target.node },
    request: {},
    inputs,
    plan,
  });
  return run(session, journal, plan);
}

function nothingToDo({ context, selector, environment }: GuestSession, { remarks }: PlannedGrowth): ExitCode {
  const next = `pulumi up --refresh -s ${environment.name}`;
  context.output.result({ guest: selector, grown: [], added: [], next, findings: [] }, (lines) => {
    lines.line(`Every disk of ${selector} is there and has the size that the settings say.`);
    for (const remark of remarks) lines.hanging("  ", remark);
    lines.line(`If Pulumi does not know that yet: ${next}`);
  });
  return exitCodes.done;
}

/** @throws CommandError (11) when something else is half done */
async function goOn(session: GuestSession, request: GrowRequest, open: Journal): Promise<ExitCode> {
  const { context, guest, selector, dryRun } = session;
  const { startedAt, kind } = open.contents;
  if (kind !== growKind) {
    throw halfDone(session, open);
  }
  const plan = growPlanSchema.parse(open.contents.plan);
  const steps = growSteps(plan, worldOf(session), open.contents.inputs);
  const left = remainingSteps(steps, open).map(({ step }) => step.does);
  context.talk.line(`A change of the disks of ${selector} begun at ${startedAt} has not ended. Still to do:`);
  for (const text of left) context.talk.hanging("  - ", text);
  if (dryRun) {
    const value = { operation: open.contents.id, startedAt, remaining: left };
    context.output.result(value, (lines) => lines.line(`Would go on with what was begun at ${startedAt}.`));
    return exitCodes.done;
  }
  const question = `Go on with the disks of ${guest.name}, begun at ${startedAt}?`;
  await confirm([{ flag: forceFlag, reason: "going on is not confirmed", question }], request.given, context);
  return run(session, open, plan);
}

function worldOf({ client, context, environment, guest }: GuestSession): GrowWorld {
  const { io } = context;
  return {
    client,
    settingsDigest: digestOf(guest),
    record: async (signal) =>
      recorded(environment.name, await refreshContainer(environment, guest.name, io.environment, signal)),
    comparePulumi: (signal) => comparisonFindings(environment, { ...context, signal }),
  };
}

function recorded(environment: string, refresh: Awaited<ReturnType<typeof refreshContainer>>): Finding[] {
  if (refresh.refreshed) return [{ severity: "note", text: "Pulumi's state knows the disks" }];
  return [
    {
      severity: "todo",
      text: `Pulumi's state does not know the disks yet (${refresh.why}); until it does, pulumi up would want to replace the guest`,
      mend: `pulumi up --refresh -s ${environment}`,
    },
  ];
}

async function run(session: GuestSession, journal: Journal, plan: GrowPlan): Promise<ExitCode> {
  const steps = growSteps(plan, worldOf(session), journal.contents.inputs);
  const findings = await runSteps(session, journal, steps, { explain: (failure) => explain(failure, plan, journal) });
  const { context, selector } = session;
  const { seconds } = journal;
  const value = {
    guest: selector,
    vmid: plan.target.vmid,
    node: plan.target.node,
    grown: plan.growths,
    added: plan.additions,
    seconds,
    findings,
    // Pulumi knows everything by now, unless something is left to do.
    next: findings.some(({ severity }) => severity === "todo") ? `pulumi up --refresh -s ${plan.environment}` : null,
    operation: journal.contents.id,
  };
  context.output.result(value, (lines) => {
    const many = [...plan.growths, ...plan.additions].map(({ disk, key }) => `${disk} (${key})`).join(", ");
    lines.heading(`Disks of ${selector} are as the settings say, in ${formatDuration(seconds)}: ${many}`);
    for (const finding of findings) printFinding(finding, lines);
    if (value.next !== null) lines.line(`Next: ${value.next}`);
  });
  return exitCodes.done;
}

/** A plan for people and scripts. */
interface GrowView extends Pick<GrowPlan, "growths" | "additions" | "running"> {
  readonly guest: string;
  readonly vmid: number;
  readonly node: string;
  readonly remarks: readonly string[];
  readonly steps: readonly string[];
  readonly flags: readonly string[];
}

function viewOf({ plan, remarks, demands, inputs }: PlannedGrowth, session: GuestSession): GrowView {
  const { growths, additions, running, target } = plan;
  return {
    guest: session.selector,
    vmid: target.vmid,
    node: target.node,
    growths,
    additions,
    running,
    remarks,
    steps: placeSteps(growSteps(plan, worldOf(session), inputs)).map(({ step }) => step.does),
    flags: demands.map(flagOf),
  };
}

function printPlan({ guest, vmid, node, remarks, steps, flags }: GrowView, lines: Lines): void {
  lines.heading(`Plan: change the disks of ${guest} (${String(vmid)} on ${node})`);
  lines.line("  kept: everything on its disks; no reboot");
  for (const remark of remarks) lines.hanging("  note: ", remark);
  lines.line("Steps:");
  for (const step of steps) lines.hanging("  - ", step);
  lines.hanging("Flags that answer all questions: ", flags.join(" "));
}

/** What a failed step means for the guest, and what to do about it. */
function explain(failure: StepFailure, { guest }: GrowPlan, journal: Journal): Error {
  const { exitCode, hint, stack } = failureOf(failure.cause, undefined);
  if (stack !== undefined && failure.cause instanceof Error) return failure.cause;
  const untouched = failure.position === "taken-back";
  const text = untouched
    ? "Nothing is changed."
    : `It stopped in step '${failure.step.step.title}'; everything on the disks of ${guest} is as it was.`;
  return new CommandError(`${messageOf(failure.cause)}. ${text}`, {
    exitCode,
    hint: untouched ? hint : `to resume: ${journal.contents.command}`,
    details: { step: failure.step.path, position: failure.position, operation: journal.contents.id },
    cause: failure.cause,
  });
}
