import type { Batch, BegunMember } from "./batch";
import { digestOf } from "./digest";
import { isOpen, type Journal } from "./journal";
import type { JournalBundle } from "./journal-bundle";
import { begunIn, planIn, takeBackOutdated } from "./run-one";
import { type Session, halfDone, journalsOf, readable } from "./session";
import { formatInstant } from "../../terminal/durations";

/** Bundles of the same request that have not ended, newest first: more than one where a process died between two of them. */
export function openBundles<Plan>({ bundles, request }: Batch<Plan>): JournalBundle[] {
  return readable(() => bundles.open().filter(({ contents }) => digestOf(contents.request) === digestOf(request)));
}

/**
 * The parts of a bundle. Some members may have been left out when it began.
 *
 * @param mayBegin asked for a part that an earlier process did not get to; without it the part is taken back.
 */
export function partsOf<Plan>(
  batch: Batch<Plan>,
  bundle: JournalBundle,
  mayBegin: (session: Session) => boolean,
): BegunMember<Plan>[] {
  return readable(() => bundle.journals()).flatMap(({ journal: known, begin: beginPart }) => {
    const member = batch.memberOf(known);
    if (member === undefined) return [];
    const isRefused = beginPart !== undefined && !mayBegin(member.session);
    if (isRefused && batch.dryRun) return [];
    const journal = beginPart === undefined || batch.dryRun ? known : beginPart();
    if (isRefused) journal.setState("taken-back");
    return [{ ...member, journal, plan: planIn(member.operation, journal) }];
  });
}

/**
 * Whether nothing has been done on a subject since the batch was planned: its plan would not know of that.
 *
 * @throws CommandError (11) when something else is half done on it
 */
export function isLeftAlone<Plan>(
  { context }: Batch<Plan>,
  session: Session,
  { contents: { startedAt, parts } }: JournalBundle,
): boolean {
  const planned = parts.find(({ site }) => site === session.state.site)?.journal.order;
  const since = journalsOf(session).filter(({ contents }) =>
    planned === undefined || contents.order === undefined ? contents.startedAt > startedAt : contents.order >= planned,
  );
  const open = since.find(isOpen);
  if (open !== undefined) throw halfDone(session, open);
  if (since.length === 0) return true;
  context.talk.line(
    `${session.selector} is not begun: something else was done on it after ${formatInstant(startedAt)}.`,
  );
  return false;
}

/**
 * Members that are half done and not resumed: what they were planned on is true no more, or they are too old. They are
 * taken back, as far as they can be. By their journals, with the reason.
 */
export async function outdatedAmong<Plan>(
  batch: Batch<Plan>,
  parts: readonly BegunMember<Plan>[],
): Promise<ReadonlyMap<Journal, string>> {
  const outdated = new Map<Journal, string>();
  for (const { session, operation, journal, plan } of parts.filter(isOpenPart)) {
    const old = await operation.outdated?.(journal);
    if (old !== undefined) {
      batch.context.talk.line(old);
      if (!batch.dryRun) journal.setState("given-up");
      outdated.set(journal, old);
      continue;
    }
    if (journal.contents.state === "taking-back") continue;
    const why = await operation.lookAgain?.(plan, journal);
    if (why === undefined) continue;
    await takeBackOutdated(session, operation, journal, {
      steps: await operation.steps(plan, begunIn(journal)),
      why,
    });
    outdated.set(journal, why);
  }
  return outdated;
}

export function isOpenPart({ journal }: { readonly journal: Journal }): boolean {
  return isOpen(journal);
}

export function hasEnded({ journal }: { readonly journal: Journal }): boolean {
  return journal.contents.state === "done" || journal.contents.state === "unproven";
}
