import type { CommandContext } from "../../project/context";
import { isOpen, type Journal } from "../engine/journal";
import { recoverKind } from "../engine/kinds";
import { journalsOf, sessionOf, stateOf } from "../engine/session";
import type { Finding } from "../engine/step";
import { restoresAmong } from "../restore-guest/journals";
import { waitForPulumi } from "../steps/state/wait-for-pulumi";
import { findingsWithin } from "./findings-within";
import { haPath } from "./ha-step";
import { stacksOf } from "./lacking";
import { type EnvironmentLook, type GuestLook, type RecoverPlan, recoverPlanSchema } from "./plan";
import type { SiteSession } from "./session";
import { stackResultsIn, upPath } from "./stack-steps";
import { upKind } from "../up/plan";

/** A recovery that was cut off: what it has done is part of the one that follows. */
export interface EarlierRun {
  readonly journal: Journal;
  /** Undefined where another version of Lifeboat wrote it in another form. */
  readonly plan: RecoverPlan | undefined;
  /** When the first of all runs that were cut off began, ISO 8601. */
  readonly began: string;
}

/** The newest recovery that has not ended; undefined where there is none. @throws CommandError (1) for a journal that cannot be read */
export function earlierRun(session: SiteSession): EarlierRun | undefined {
  const journal = journalsOf(session).find((one) => isOpen(one) && one.contents.kind === recoverKind);
  if (journal === undefined) return undefined;
  const plan = recoverPlanSchema.safeParse(journal.contents.plan).data;
  return { journal, plan, began: plan?.began ?? journal.contents.startedAt };
}

/**
 * Environments whose stacks an earlier recovery has ended without bringing up: what is gone may be in Pulumi's state, and what it makes
 * missing, whatever else is there. Those that somebody has brought up since are none of them.
 */
export function leftBehind(session: SiteSession): ReadonlySet<string> {
  const left = new Map<string, boolean>();
  for (const journal of journalsOf(session)) {
    const { kind, updatedAt } = journal.contents;
    if (kind !== recoverKind || isOpen(journal)) continue;
    for (const [name, result] of Object.entries(stackResultsIn(journal.factsOf(upPath)))) {
      if (!left.has(name)) left.set(name, result === "failed" && !isUpSince(session, name, updatedAt));
    }
  }
  return new Set([...left].flatMap(([name, isLeft]) => (isLeft ? [name] : [])));
}

/**
 * When the first of those earlier recoveries began that were the last of an environment which is asked for, and ended with something
 * not in order, ISO 8601: nobody has seen since that it is. Undefined: there is none.
 */
export function unprovenSince(session: SiteSession): string | undefined {
  const left = new Set(session.chosen.map(({ name }) => name));
  const since: string[] = [];
  for (const journal of journalsOf(session)) {
    const { kind, state, plan, startedAt } = journal.contents;
    if (kind !== recoverKind || (state !== "done" && state !== "unproven")) continue;
    const found = recoverPlanSchema.safeParse(plan).data;
    // One that another version wrote in another form may have been about all of them.
    const names = found?.environments.map(({ name }) => name) ?? [...left];
    if (state === "unproven" && names.some((name) => left.has(name)))
      since.push(found?.firstBegan ?? found?.began ?? startedAt);
    for (const name of names) left.delete(name);
  }
  return since.toSorted()[0];
}

/** Whether a stack was brought up after a moment (ISO 8601), by this machine. */
function isUpSince({ chosen, context }: SiteSession, name: string, moment: string): boolean {
  const environment = chosen.find((one) => one.name === name);
  if (environment === undefined) return false;
  const journals = journalsOf({ state: stateOf(environment, context), subject: { kind: "stack" } });
  return journals.some(
    ({ contents }) =>
      contents.kind === upKind &&
      (contents.state === "done" || contents.state === "unproven") &&
      contents.startedAt > moment,
  );
}

/** A `pulumi` that outlives a killed recovery holds its stack's lock: the next one waits for its end. */
export async function waitForEarlier(open: Journal, context: CommandContext, dryRun: boolean): Promise<void> {
  if (!dryRun) await waitForPulumi(open, context);
}

/**
 * What an environment looks like to a recovery that follows one that was cut off: its stack is brought up if that one has not done
 * so, since it may have made Pulumi forget what is gone; and the guests that came back are told of as if it had been one run.
 */
export async function withEarlier(
  session: SiteSession,
  earlier: EarlierRun,
  look: EnvironmentLook,
): Promise<EnvironmentLook> {
  if (look.trouble !== undefined) return look;
  const guests = await Promise.all(look.guests.map((guest) => withRestore(session, earlier, look.name, guest)));
  return { ...look, guests, ...(isUnfinished(earlier, look.name) ? { unfinished: true } : {}) };
}

function isUnfinished({ plan, journal }: EarlierRun, environment: string): boolean {
  if (plan === undefined) return true;
  const result = stackResultsIn(journal.factsOf(upPath))[environment];
  return stacksOf(plan).includes(environment) && result !== "done" && result !== "unchanged";
}

async function withRestore(
  session: SiteSession,
  earlier: EarlierRun,
  environment: string,
  look: GuestLook,
): Promise<GuestLook> {
  if (look.way !== "there") return look;
  const own = await sessionOf(session.site.findGuest(`${environment}/${look.name}`), session.context, session.dryRun);
  const [newest] = restoresAmong(journalsOf(own)).filter(({ plan }) => plan.mode === "in-place");
  const contents = newest?.journal.contents;
  const hasEnded = contents?.state === "done" || contents?.state === "unproven";
  if (newest !== undefined && contents !== undefined && hasEnded && contents.updatedAt >= earlier.began) {
    const found = Object.values(contents.steps).flatMap(({ findings }) => findings);
    const later = look.declaredNode === undefined ? [environment] : [];
    const restored = {
      result: contents.state === "done" ? ("back" as const) : ("not proven" as const),
      archive: newest.plan.archive.volid,
      time: newest.plan.archive.time,
      seconds: newest.journal.seconds,
      endedAt: contents.updatedAt,
      findings: findingsWithin(found, later, own.selector),
    };
    return { ...look, restored };
  }
  const before = earlier.plan?.environments
    .find(({ name }) => name === environment)
    ?.guests.find(({ name }) => name === look.name);
  const restored = before && withoutArchive(before, earlier.journal);
  return restored === undefined ? look : { ...look, restored };
}

/** What came back in another way than by a restore, as the journal of the earlier run knows. */
function withoutArchive({ way, restored, why, mend, name }: GuestLook, journal: Journal): GuestLook["restored"] {
  if (restored !== undefined) return restored;
  const base = { archive: null, time: null, seconds: null };
  if (way === "ha" && journal.record(haPath) !== undefined) return { ...base, result: "back", findings: [] };
  if (way !== "anew" || journal.record(upPath) === undefined) return undefined;
  const text = `${name} was made again, empty${why === undefined ? "" : `: ${why}`}`;
  const finding: Finding = { severity: "todo", text, ...(mend === undefined ? {} : { mend }) };
  return { ...base, result: "anew", findings: [finding] };
}
