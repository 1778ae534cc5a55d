import type { Batch, BatchPlan, BegunMember } from "./batch";
import { hasEnded } from "./begun-members";
import type { Finding } from "./step";

/** So long after a member has ended the same command is a continuation, in seconds; later it is a new wish. */
const longest = 86_400;

/**
 * Members of a killed batch that have ended and stay so: to do them again would overwrite what was done on them since. Not
 * one of which nothing is there any more, nor one that ended long ago.
 */
export async function stillEnded<Plan>(parts: readonly BegunMember<Plan>[]): Promise<BegunMember<Plan>[]> {
  const still: BegunMember<Plan>[] = [];
  for (const part of parts.filter(hasEnded)) {
    if (isOfNow(part) && (await part.operation.isGone?.(part.plan)) !== true) still.push(part);
  }
  return still;
}

/** A clock that was set back tells no age. */
export function isOfNow({ journal }: Pick<BegunMember<unknown>, "journal">): boolean {
  const age = (Date.now() - Date.parse(journal.contents.updatedAt)) / 1_000;
  return age >= 0 && age <= longest;
}

/** A plan without members that have ended. */
export function withoutEnded<Plan>(
  { members, refused }: BatchPlan<Plan>,
  ended: readonly BegunMember<Plan>[],
): BatchPlan<Plan> {
  const names = new Set(ended.map(({ session }) => session.selector));
  return {
    members: members.filter(({ session }) => !names.has(session.selector)),
    refused: refused.filter(({ subject }) => !names.has(subject)),
  };
}

/** What plan and report say of one. One that ended long ago and is left out since others are resumed is left to do. */
export function endedNote<Plan>({ participle }: Batch<Plan>, part: BegunMember<Plan>): Finding {
  const { session, journal, operation } = part;
  const text = `${session.selector} ended at ${journal.contents.updatedAt} already and is not ${participle} again`;
  if (isOfNow(part)) return { severity: "note", text };
  return { severity: "problem", text: `${text} by this run, which resumes the others`, mend: operation.command };
}
