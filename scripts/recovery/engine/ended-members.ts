import type { Batch, BatchPlan, BegunMember } from "./batch";
import type { Finding } from "./step";

/** So long after a batch was last at work the same command is a continuation of it, in seconds; later it is a new wish. */
const longest = 86_400;

/**
 * Members of a killed batch that have ended and stay so, while others of it are planned anew: to do them again would overwrite
 * what was done on them since. Not one of which nothing is there any more.
 */
export async function stillEnded<Plan>(
  parts: readonly BegunMember<Plan>[],
  hasEnded: (part: BegunMember<Plan>) => boolean,
): Promise<BegunMember<Plan>[]> {
  const times = parts.map(({ journal }) => Date.parse(journal.contents.updatedAt));
  const age = (Date.now() - Math.max(...times)) / 1_000;
  // A clock that was set back tells no age.
  if (age < 0 || age > longest) return [];
  const still: BegunMember<Plan>[] = [];
  for (const part of parts.filter(hasEnded)) {
    if ((await part.operation.isGone?.(part.plan)) !== true) still.push(part);
  }
  return still;
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

/** What the report says of them. */
export function endedNotes<Plan>({ participle }: Batch<Plan>, ended: readonly BegunMember<Plan>[]): Finding[] {
  return ended.map(({ session, journal }) => ({
    severity: "note",
    text: `${session.selector} ended at ${journal.contents.updatedAt} already and is not ${participle} again`,
  }));
}
