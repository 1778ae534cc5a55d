import { formatMoment } from "../../../site/restore/moments";
import type { Keep } from "../../../site/state/prune";
import { CommandError } from "../../terminal/command-error";
import { formatBytes, formatDuration } from "../../terminal/durations";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { failureOf } from "../../clients/failure";
import type { Lines } from "../../terminal/talk";
import type { StepFailure } from "../engine/apply";
import type { Demand, GivenAnswers } from "../engine/consent";
import type { Journal } from "../engine/journal";
import type { Step } from "../engine/step";
import { runBounded } from "../../machine/bounded";
import { halfDone, type StackSession, unfinished } from "../engine/session";
import { forceFlag, confirm } from "../engine/settle-demands";
import { localTimeZone } from "../steps/state/choose-listed-point";
import { planStatePrune } from "./make-plan";
import { pruneStateKind, type PruneStatePlan } from "./plan";
import type { StateAccess } from "../steps/state/state-access";
import { runSteps } from "../engine/run-steps";
import { messageOf } from "../../machine/error-code";

/** What `lifeboat state prune` was asked for. */
export interface PruneRequest {
  readonly keep: Keep;
  /** As it was written. */
  readonly keepText: string;
  readonly given: GivenAnswers;
  readonly command: string;
}

/** Objects that are removed at once. */
const removalsAtOnce = 8;

/** Inspects, plans, asks, removes what is too old of a stack's history, and reports. */
export async function conductPrune(
  session: StackSession,
  access: StateAccess,
  request: PruneRequest,
  journals: readonly Journal[],
): Promise<ExitCode> {
  const { context, dryRun, selector, state } = session;
  leaveEarlier(session, journals);
  const plan = await context.progress.step(`Look at the history of ${selector}`, () =>
    planStatePrune(session, access, request.keep),
  );
  if (plan.remove.length === 0) {
    context.output.result({ plan, changed: false }, (lines) =>
      lines.line(
        `Nothing of ${selector} is older than ${request.keepText} allows: ${String(plan.updates.keep)} updates stay.`,
      ),
    );
    return exitCodes.done;
  }
  if (dryRun) context.output.result({ plan }, (lines) => printPlan(plan, request, lines));
  else printPlan(plan, request, context.talk);
  if (dryRun) return exitCodes.done;
  await confirm([demandOf(plan)], request.given, context);
  const { command, keepText } = request;
  const journal = state.begin({ kind: pruneStateKind, command, request: { keep: keepText }, inputs: {}, plan });
  const findings = await runSteps(session, journal, [removal(plan, access)], {
    explain: (failure) => explain(failure, journal),
  });
  const value = { ...plan, seconds: journal.seconds, findings, operation: journal.contents.id };
  context.output.result(value, (lines) => {
    lines.heading(`Removed ${words(plan)} of ${selector}, in ${formatDuration(journal.seconds)}`);
    if (plan.versioned) lines.line(expiryText);
  });
  return exitCodes.done;
}

/**
 * What an interrupted run has not removed is found again by looking, so nothing is gone on with.
 *
 * @throws CommandError (11) when something else is half done
 */
function leaveEarlier(session: StackSession, journals: readonly Journal[]): void {
  const open = unfinished(journals);
  if (open === undefined) return;
  if (open.contents.kind !== pruneStateKind) throw halfDone(session, open);
  session.context.talk.line(
    `Pruning begun at ${open.contents.startedAt} has not ended; what is left of it is looked for again.`,
  );
  if (!session.dryRun) open.setState("unproven");
}

const expiryText =
  "The bucket keeps versions: what was removed can still be listed with --versions, and its space comes back when old versions expire.";

function printPlan(plan: PruneStatePlan, { keepText }: PruneRequest, lines: Lines): void {
  const { environment, updates, backups, saved, spared, oldest, bytes } = plan;
  lines.heading(`Plan: prune the history of ${environment} (keep ${keepText})`);
  lines.table(
    [
      ["", "goes", "stays"],
      ["updates (entry and checkpoint)", String(updates.remove), String(updates.keep)],
      ["Pulumi's copies", String(backups.remove), String(backups.keep)],
      ["saved by Lifeboat", String(saved.remove), String(saved.keep)],
    ],
    "  ",
  );
  lines.line(`  ${formatBytes(bytes)} in ${String(plan.remove.length)} objects`);
  if (oldest !== undefined) {
    lines.line(`  oldest update that stays: ${formatMoment(Math.floor(oldest / 1_000), localTimeZone())}`);
  }
  if (spared > 0) {
    lines.hanging("  note: ", `${String(spared)} older stay: the present state, or the newest update that ended well`);
  }
  if (plan.versioned) lines.hanging("  note: ", expiryText);
  lines.line(`Flags that answer all questions: ${forceFlag}`);
}

function demandOf(plan: PruneStatePlan): Demand {
  const question = `Remove ${words(plan)} of ${plan.environment} for ever?`;
  return { flag: forceFlag, reason: "the plan is not confirmed", question };
}

function words({ updates, backups, saved }: PruneStatePlan): string {
  return `${String(updates.remove)} updates, ${String(backups.remove)} copies and ${String(saved.remove)} saved states`;
}

/** Twice is as good as once: what is gone already is no error. */
function removal({ environment, remove }: PruneStatePlan, { store }: StateAccess): Step {
  return {
    id: "remove",
    title: `Remove ${String(remove.length)} objects of ${environment}`,
    does: `remove ${String(remove.length)} objects`,
    commits: true,
    run: async ({ note, progress, signal }) => {
      note({ sent: true });
      let done = 0;
      await runBounded(remove, { parallel: removalsAtOnce, perKey: removalsAtOnce, keyOf: () => "" }, async (key) => {
        signal.throwIfAborted();
        await store.remove(key);
        done += 1;
        progress(`${String(done)} of ${String(remove.length)}`);
      });
    },
  };
}

function explain(failure: StepFailure, journal: Journal): Error {
  const { exitCode, stack } = failureOf(failure.cause, undefined);
  if (stack !== undefined && failure.cause instanceof Error) return failure.cause;
  return new CommandError(`${messageOf(failure.cause)}. Some of it may be removed; nothing that stays is touched.`, {
    exitCode,
    hint: `to resume: ${journal.contents.command}`,
    cause: failure.cause,
  });
}
