import { isOpen, type Journal } from "../engine/journal";
import { journalsOf, sessionOf } from "../engine/session";
import { pointInTimeKind, pointInTimePlanSchema } from "../point-in-time/plan";
import { restoreDataKind, restoreDataPlanSchema } from "../restore-data/plan";
import type { NewerFrom } from "./newer-source";
import type { SiteSession } from "./session";

/** A restore of data in a guest that this recovery has brought back. */
export interface EarlierData {
  readonly source: string;
  readonly from: NewerFrom;
  /** `undone`: somebody has taken it back. */
  readonly state: "open" | "done" | "undone";
}

/**
 * What an earlier run of the recovery, or somebody in the meantime, has restored of a guest's data, the newest first. What was taken back
 * or given up is as if it had not been.
 *
 * @param guest `prod/web`
 * @param since unix seconds: when the recovery began
 * @throws CommandError (1) for a journal that cannot be read
 */
export async function earlierData(guest: string, since: number, session: SiteSession): Promise<EarlierData[]> {
  const own = await sessionOf(session.site.findGuest(guest), session.context, session.dryRun);
  return journalsOf(own)
    .filter(({ contents }) => Date.parse(contents.startedAt) / 1_000 >= since)
    .flatMap((journal) => readOne(journal) ?? []);
}

function readOne(journal: Journal): EarlierData | undefined {
  const { kind, plan: written, state: ended } = journal.contents;
  const state = isOpen(journal) ? "open" : ended === "undone" ? "undone" : "done";
  if (ended === "taken-back" || ended === "given-up") return undefined;
  if (kind === pointInTimeKind) {
    const plan = pointInTimePlanSchema.safeParse(written).data;
    if (plan?.wish.kind !== "xid") return undefined;
    return {
      source: plan.source,
      from: { kind: "point", xid: plan.wish.xid, timeline: plan.asked ?? plan.timeline },
      state,
    };
  }
  if (kind !== restoreDataKind) return undefined;
  const plan = restoreDataPlanSchema.safeParse(written).data;
  if (plan === undefined || plan.archive !== undefined || plan.savePointOf !== undefined) return undefined;
  const [item] = plan.items;
  const database = item?.type === "database" ? item.name : undefined;
  const from = { kind: "dump", dump: plan.dump, isElsewhere: plan.from.bucket !== undefined, database } as const;
  return { source: plan.to.source, from, state };
}

/** Whether two come from the same, and bring the same. */
export function isSameFrom(one: NewerFrom, other: NewerFrom): boolean {
  if (one.kind === "point") return other.kind === "point" && one.xid === other.xid;
  return other.kind === "dump" && one.dump === other.dump && one.database === other.database;
}
