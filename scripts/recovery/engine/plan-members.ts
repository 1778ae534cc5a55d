import { runBounded } from "../../machine/bounded";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Batch, BatchPlan, Member, PlannedMember, Refusal } from "./batch";
import type { JournalContents } from "./journal-contents";
import { planPermitted, type Planned } from "./operation";
import { codeOfAll, refusalOf } from "./refusal";
import { shownSteps } from "./run-one";
import { type Session, halfDone, journalsOf, unfinished } from "./session";

/** Subjects that are looked at, at the same time. */
const looksAtOnce = 4;

/**
 * Plans every member by itself. One on whose subject something else is half done is refused, as it is when alone.
 *
 * @param superseded ids of what is half done and is not looked at
 */
export async function planMembers<Plan, Shown extends Planned<Plan>>(
  members: readonly Member<Plan, Shown>[],
  superseded: ReadonlySet<string>,
): Promise<BatchPlan<Plan, Shown>> {
  const bounds = { parallel: looksAtOnce, perKey: looksAtOnce, keyOf: () => "" };
  const measured = measurementsOf(members.map(({ session }) => session));
  const results = await runBounded(members, bounds, (member) =>
    planOrRefuse(member, measured(member.session), superseded),
  );
  return {
    members: results.flatMap((result) => ("planned" in result ? [result] : [])),
    refused: results.flatMap((result) => ("planned" in result ? [] : [result])),
  };
}

async function planOrRefuse<Plan, Shown extends Planned<Plan>>(
  member: Member<Plan, Shown>,
  measured: readonly JournalContents[],
  superseded: ReadonlySet<string>,
): Promise<PlannedMember<Plan, Shown> | Refusal> {
  const { session, operation } = member;
  try {
    const standing = journalsOf(session).filter(({ contents }) => !superseded.has(contents.id));
    const open = unfinished(standing, operation.kind);
    if (open !== undefined) throw halfDone(session, open);
    const planned = await planPermitted(operation);
    if ("nothing" in planned) return { subject: session.selector, exitCode: exitCodes.nothing, message: nothingToDo };
    return { ...member, planned, steps: await shownSteps(session, operation, planned, measured) };
  } catch (error) {
    return refusalOf(session.selector, error);
  }
}

const nothingToDo = "there is nothing to do";

/** What was measured at each site, read once. */
function measurementsOf(sessions: readonly Session[]): (session: Session) => readonly JournalContents[] {
  const bySite = new Map<string, readonly JournalContents[]>();
  for (const { state, subject } of sessions) {
    if (!bySite.has(state.path)) bySite.set(state.path, state.measurements(subject));
  }
  return ({ state }) => bySite.get(state.path) ?? [];
}

/**
 * Refuses all when one cannot be done, as a plan is carried out as a whole or not at all, unless those that cannot are to
 * be left out. Nothing was changed then.
 *
 * @throws CommandError with the code that all refusals have, else 13.
 */
export function refuseMembers<Plan>(batch: Batch<Plan>, { members, refused }: BatchPlan<Plan>): void {
  const { context, participle, skipRefused } = batch;
  if (refused.length === 0 || (skipRefused && members.length > 0)) {
    batch.refuseTogether?.(members);
    return;
  }
  for (const { subject, message, hint } of refused) {
    context.talk.hanging(`${subject}: `, message);
    if (hint !== undefined) context.talk.hanging("  HINT: ", hint);
  }
  const names = members.length === 0 ? "none of them" : refused.map(({ subject }) => subject).join(", ");
  const others = `mend it as said above, or leave ${refused.length === 1 ? "it" : "them"} out: add --skip-refused`;
  throw new CommandError(`${names} can${names === "none of them" ? "" : "not"} be ${participle}; nothing was changed`, {
    exitCode: codeOfAll(refused) ?? exitCodes.refused,
    hint: members.length === 0 ? "see the reasons above" : others,
    details: { refused },
  });
}
