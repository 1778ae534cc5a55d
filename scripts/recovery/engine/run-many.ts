import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { remainingSteps } from "./apply";
import type { Batch, BegunMember, PlannedMember } from "./batch";
import { batchPlanView } from "./batch-view";
import { hasEnded, isLeftAlone, isOpenPart, openBundles, outdatedAmong, partsOf } from "./begun-members";
import { endedNote, isOfNow, stillEnded, withoutEnded } from "./ended-members";
import { finishMembers, whyGone } from "./finish-members";
import type { Journal } from "./journal";
import type { JournalBundle } from "./journal-bundle";
import { mergeDemands } from "./merge-demands";
import { refuseMembers } from "./plan-members";
import { begunIn, openingOf } from "./run-one";
import { confirm, forceFlag } from "./settle-demands";
import { formatInstant } from "../../terminal/durations";

/**
 * Runs a batch: plans, asks, applies and reports; or resumes one that was asked for in the same words and has not ended.
 * The failure of one member leaves the others going.
 */
export async function runMany<Plan>(batch: Batch<Plan>): Promise<ExitCode> {
  const [bundle, ...older] = openBundles(batch);
  // The newest has taken their members over.
  if (!batch.dryRun) for (const one of older) one.end();
  if (bundle !== undefined) {
    const parts = partsOf(batch, bundle, (session) => isLeftAlone(batch, session, bundle));
    const outdated = await outdatedAmong(batch, parts);
    const isLeft = (part: BegunMember<Plan>): boolean => isOpenPart(part) && !outdated.has(part.journal);
    if (parts.some(isLeft)) return resume(batch, bundle, parts, outdated);
    const ended = await stillEnded(parts);
    if (ended.length > 0 && ended.length === parts.length) return resume(batch, bundle, parts, outdated);
    // What is left of it was undone or taken back, or ended long ago: there is nothing to resume.
    return begin(batch, { bundle, ended, outdated });
  }
  return begin(batch);
}

/** A batch that is begun anew: members that have ended are part of the new one. */
interface Earlier<Plan> {
  readonly bundle: JournalBundle;
  readonly ended: readonly BegunMember<Plan>[];
  /** In a dry run they are half done as before. */
  readonly outdated: ReadonlyMap<Journal, string>;
}

async function begin<Plan>(batch: Batch<Plan>, earlier?: Earlier<Plan>): Promise<ExitCode> {
  const { context, dryRun, command, request, given } = batch;
  const { ended = [], outdated = new Map<Journal, string>() } = earlier ?? {};
  const superseded = new Set([...outdated.keys()].map(({ contents }) => contents.id));
  const plan = withoutEnded(
    await context.progress.step(`Look at ${batch.subjects}`, () => batch.plan(superseded)),
    ended,
  );
  refuseMembers(batch, plan);
  const { members, refused } = plan;
  const demands = mergeDemands(members.map(demandsOf), batch.question?.(members));
  const { value, print } = batchPlanView(batch, plan, demands, ended);
  if (dryRun) {
    context.output.result({ plan: value }, print);
    return refused.length === 0 ? exitCodes.done : exitCodes.partly;
  }
  print(context.talk);
  if (members.length === 0 && ended.length === 0) return reportNothing(batch);
  const whys = (await confirm(demands, given, context)) ? await outlivedAmong(members) : [];
  if (whys.length > 0) {
    context.talk.line(`Not begun, as this is not what was shown any more: ${whys.join("; ")}. It is planned anew.`);
    return begin(batch, earlier);
  }
  const parts = [
    ...ended.map(({ session, journal }) => ({ site: session.state.site, journal: journal.contents })),
    ...members.map(({ session, operation, planned }) => ({
      site: session.state.site,
      journal: session.state.opening({ ...openingOf(session, operation, planned), command }),
    })),
  ];
  const bundle = batch.bundles.begin({ command, request: { ...request }, parts });
  earlier?.bundle.end();
  return finishMembers(
    batch,
    bundle,
    partsOf(batch, bundle, () => true),
    { refused, outdated: new Map() },
  );
}

/** Of which members another plan would be shown now, and why. */
async function outlivedAmong<Plan>(members: readonly PlannedMember<Plan>[]): Promise<string[]> {
  const whys = await Promise.all(
    members.map(async ({ session: { selector }, operation, planned }) => {
      const why = await operation.outlived?.(planned.plan, planned.inputs);
      return why === undefined ? [] : [`${selector}: ${why}`];
    }),
  );
  return whys.flat();
}

/** Nothing is refused, and there is nothing to do. */
async function reportNothing<Plan>(batch: Batch<Plan>): Promise<ExitCode> {
  const { value, print } = await batch.report([], []);
  batch.context.output.result({ ...value, changed: false }, (lines) => print(lines, 0));
  return exitCodes.done;
}

function demandsOf<Plan>({ session: { subject, selector }, operation: { given }, planned }: PlannedMember<Plan>) {
  return { name: subject.kind === "guest" ? subject.name : selector, demands: planned.demands, given };
}

async function resume<Plan>(
  batch: Batch<Plan>,
  bundle: JournalBundle,
  parts: readonly BegunMember<Plan>[],
  outdated: ReadonlyMap<Journal, string>,
): Promise<ExitCode> {
  const { context, dryRun, name } = batch;
  const { startedAt, id } = bundle.contents;
  const open = parts.filter((part) => isOpenPart(part) && !outdated.has(part.journal));
  const left =
    open.length === 0
      ? "Only its report is left."
      : `Still to do: ${open.map(({ session }) => session.selector).join(", ")}`;
  context.talk.line(`A ${name} begun at ${formatInstant(startedAt)} has not ended. ${left}`);
  for (const part of parts.filter((one) => !isOpenPart(one) && !outdated.has(one.journal))) {
    const { session, journal } = part;
    if (!hasEnded(part)) {
      context.talk.line(`${session.selector} is not ${batch.participle} by this run: ${whyGone(journal)}.`);
    } else if (!isOfNow(part)) context.talk.line(`${endedNote(batch, part).text}.`);
  }
  if (dryRun) {
    const remaining = (await Promise.all(open.map(remainingOf))).flat();
    context.output.result({ resume: { operation: id, startedAt, remaining } }, (lines) =>
      lines.line(
        open.length === 0
          ? `Would report the ${name} begun at ${formatInstant(startedAt)}: all of it has ended.`
          : `Would resume the ${name} begun at ${formatInstant(startedAt)}.`,
      ),
    );
    return exitCodes.done;
  }
  if (batch.question !== undefined && open.length > 0) {
    const question = `Resume the ${name} begun at ${formatInstant(startedAt)}?`;
    await confirm([{ flag: forceFlag, reason: "resuming is not confirmed", question }], batch.given, context);
  }
  batch.beforeResume?.(open);
  return finishMembers(batch, bundle, parts, { refused: [], outdated });
}

async function remainingOf<Plan>({ session, operation, journal, plan }: BegunMember<Plan>) {
  const steps = await operation.steps(plan, begunIn(journal));
  return remainingSteps(steps, journal).map(({ path, step }) => ({
    subject: session.selector,
    id: path,
    does: step.does,
  }));
}
