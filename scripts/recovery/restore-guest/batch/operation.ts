import { counted } from "../../../terminal/text";
import { spaceNeeds } from "../../../../site/restore/space";
import type { CommandContext } from "../../../project/context";
import { CommandError } from "../../../terminal/command-error";
import type { Lines } from "../../../terminal/talk";
import type { Batch, BatchReport, BegunMember, Outcome, Refusal } from "../../engine/batch";
import type { GivenAnswers } from "../../engine/consent";
import { planMembers } from "../../engine/plan-members";
import { begunIn } from "../../engine/run-one";
import { type GuestSession, takeLock } from "../../engine/session";
import { comparisonFindings } from "../../steps/guest/open-world";
import type { RestorePlan } from "../../steps/guest/plan";
import { type RestoreRequest, type ShownRestore, requestTexts, restoreOperation } from "../operation";
import { refuseFull } from "../refuse";
import { reportOf } from "../report";
import { printGuestPlan, printSpace, spaceWarnings } from "../view";
import { BackupTurns, TurnHolder } from "./backup-turns";
import { type Comparison, type GuestResult, printBatchReport, resultOf, skippedResult } from "./report";

/** A guest and what is asked for it. */
export interface RestoreMember {
  readonly session: GuestSession;
  readonly request: RestoreRequest;
}

/** What is asked for, beyond what is asked for each guest. */
export interface RestoreBatchRequest {
  readonly members: readonly [RestoreMember, ...RestoreMember[]];
  readonly parallel: number;
  /** Guests that cannot be restored are left out; else they stop all. */
  readonly skipRefused: boolean;
  readonly dryRun: boolean;
  readonly given: GivenAnswers;
  /** The command line that does the same again. */
  readonly command: string;
}

/** Restores of one node at the same time: more would only slow each other down on its disks. */
const perNode = 2;

/** Guests that come back together. From here on no other run on this machine works on them. @throws CommandError (11) */
export function restoreBatch(request: RestoreBatchRequest, context: CommandContext): Batch<RestorePlan, ShownRestore> {
  const { members, parallel, skipRefused, dryRun, given, command } = request;
  if (!dryRun) for (const { session } of members) lockGuest(session, command);
  const takeId = eachItsOwn();
  const operations = members.map(({ session, request: one }) => ({
    session,
    operation: restoreOperation(session, { ...one, takeId }),
  }));
  const [{ session: first }] = members;
  const names = members.map(({ session }) => session.selector).join(", ");
  const turns = new BackupTurns();
  return {
    context,
    dryRun,
    name: `restore of ${names}`,
    subjects: counted(members.length, "guest"),
    participle: "restored",
    bundles: first.state.bundles,
    request: textsOf(members),
    command,
    given,
    skipRefused,
    bounds: { parallel, perKey: perNode, keyOf: ({ plan }) => plan.target.node },
    plan: (superseded) => planMembers(operations, superseded),
    refuseTogether: (planned) => refuseFull(spaceOf(planned, parallel)),
    view: ({ members: planned }) => {
      const space = spaceOf(planned, parallel);
      const guests = planned.map((member) => member.planned.shown);
      const view = { guests, parallel, space, warnings: spaceWarnings(space) };
      return { value: view, print: (lines) => printTogether(view, lines) };
    },
    question: (planned) => `Restore these guests: ${planned.map((member) => member.planned.plan.guest).join(", ")}?`,
    memberOf: ({ contents: { guest } }) =>
      operations.find(({ session }) => session.selector === `${guest?.environment ?? ""}/${guest?.name ?? ""}`),
    title: (parts) => `Restore ${counted(parts.length, "guest")}`,
    gate: ({ plan }) => new TurnHolder(turns, plan.target.node),
    report: (outcomes, refused) => reportBatch(outcomes, refused, context),
  };
}

/** Guests are looked at side by side: an id that is found for the copy of one is not free for that of another. */
function eachItsOwn(): (vmid: number) => boolean {
  const taken = new Set<number>();
  return (vmid) => !taken.has(vmid) && taken.add(vmid).has(vmid);
}

/** What is asked for each of them makes the request of all. */
function textsOf(members: readonly RestoreMember[]): Record<string, string> {
  const each = members.flatMap(({ session, request }) =>
    Object.entries(requestTexts(request)).map(([name, text]) => [`${session.selector} ${name}`, text]),
  );
  return { guests: members.map(({ session }) => session.selector).join(" "), ...Object.fromEntries(each) };
}

function lockGuest(session: GuestSession, command: string): void {
  try {
    takeLock(session, command);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const { exitCode, hint } = error;
    throw new CommandError(`${session.selector}: ${error.message}`, { exitCode, hint });
  }
}

function spaceOf(planned: readonly { readonly planned: ShownRestore }[], parallel: number) {
  return spaceNeeds(
    planned.map((member) => member.planned.space),
    parallel,
  );
}

interface TogetherView {
  readonly guests: readonly ShownRestore["shown"][];
  readonly parallel: number;
  readonly space: ReturnType<typeof spaceNeeds>;
  readonly warnings: readonly string[];
}

function printTogether({ guests, parallel, space, warnings }: TogetherView, lines: Lines): void {
  for (const guest of guests) {
    printGuestPlan(guest, lines);
    lines.line();
  }
  lines.heading(`Together: ${counted(guests.length, "guest")}, ${parallel} at a time`);
  printSpace(space, lines);
  for (const warning of warnings) lines.hanging("  WARNING: ", warning);
}

async function reportBatch(
  outcomes: readonly Outcome<RestorePlan>[],
  refused: readonly Refusal[],
  context: CommandContext,
): Promise<BatchReport> {
  const results = await Promise.all(outcomes.map(resultWithReport));
  const comparisons = await compare(outcomes, context);
  const guests: GuestResult[] = [...results, ...refused.map(skippedResult)];
  return {
    value: { guests, comparisons },
    findings: comparisons.flatMap(({ findings }) => findings),
    print: (lines, seconds) => printBatchReport(guests, comparisons, seconds, lines),
  };
}

async function resultWithReport(outcome: Outcome<RestorePlan>): Promise<GuestResult> {
  if (outcome.kind !== "ended" && outcome.kind !== "ended-before") return resultOf(outcome, undefined);
  const { operation, journal, plan } = outcome.part;
  const steps = await operation.steps(plan, begunIn(journal));
  return resultOf(outcome, reportOf(plan, journal, steps, outcome.findings));
}

/** Once for each environment with a guest that Pulumi owns: a preview looks at all of its guests anyway (D11). */
async function compare(outcomes: readonly Outcome<RestorePlan>[], context: CommandContext): Promise<Comparison[]> {
  const parts = outcomes.flatMap(({ kind, part }) => (kind.startsWith("ended") && isOwned(part) ? [part] : []));
  const environments = new Map(parts.map(({ session: { environment } }) => [environment.name, environment]));
  const comparisons: Comparison[] = [];
  for (const [name, environment] of environments) {
    const findings = await context.progress.step(`Compare ${name} with Pulumi`, () =>
      comparisonFindings(environment, context),
    );
    comparisons.push({ environment: name, findings });
  }
  return comparisons;
}

function isOwned({ session, plan }: BegunMember<RestorePlan>): boolean {
  const guest = session.environment.settings.guests.find(({ name }) => name === plan.guest);
  return plan.mode === "in-place" && guest !== undefined && guest.kind !== "adopted";
}
