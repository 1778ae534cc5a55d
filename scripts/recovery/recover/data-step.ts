import * as z from "zod";
import { dataRestoreLine } from "../../../site/data/restore-line";
import { failureOf } from "../../clients/failure";
import { runBounded } from "../../machine/bounded";
import { formatDuration } from "../../terminal/durations";
import type { ShowStep } from "../../terminal/progress";
import { type Finding, type Step, standing } from "../engine/step";
import { runWithin } from "../engine/within";
import { type EarlierData, earlierData, isSameFrom } from "./earlier-data";
import { guestsPaths, resultsIn } from "./guests-step";
import type { GuestAsOf, NewerFrom, NewerSource, NewerThing } from "./newer-source";
import { type DataResult, dataResultSchema, type EnvironmentLook, type GuestLook, type RecoverPlan } from "./plan";
import type { SiteSession } from "./session";

/** Path of the step that brings data to their latest point. */
export const dataPath = "data";

/** Seconds after which a guest that an earlier run has brought back is taken to be in use: what is in it now is newer than any dump. */
const inUseAfter = 3_600;

/** What the step has noted. */
export function dataResultsIn(facts: Readonly<Record<string, unknown>>): readonly DataResult[] {
  const text = facts["results"];
  return typeof text === "string" ? z.array(dataResultSchema).parse(JSON.parse(text)) : [];
}

/** Guests that come back, or came back in an earlier run of this recovery, with data in the settings. */
function concernedIn(environments: readonly EnvironmentLook[], session: SiteSession) {
  return environments.flatMap(({ name, trouble, guests }) =>
    trouble === undefined
      ? guests
          .filter(({ way, restored }) => way !== "there" || restored !== undefined)
          .map((look) => ({ selector: `${name}/${look.name}`, look }))
          .filter(({ selector }) => session.site.findGuest(selector).guest.data.length > 0)
      : [],
  );
}

/**
 * Brings data of guests that this recovery has restored to their latest point: from a dump, a copy of one elsewhere or WAL that is
 * newer than the archive, by the operations that restore data. In a guest that it has not restored nothing is touched. Undefined: no
 * guest that may come back has data in the settings.
 */
export function dataStep({ environments, began, parallel }: RecoverPlan, session: SiteSession): Step | undefined {
  const concerned = concernedIn(environments, session);
  if (concerned.length === 0) return undefined;
  const names = concerned.map(({ selector }) => selector).join(", ");
  const before = Date.parse(began) / 1_000;
  const commands = concerned.flatMap(({ selector }) =>
    session.site.findGuest(selector).guest.data.map((source) => dataRestoreLine(selector, source)),
  );
  return standing({
    id: dataPath,
    title: `Bring data of ${names} to their latest point`,
    does: session.dataLeft.all
      ? `look which data of ${names} are left in newer dumps, copies of them or WAL than in the archives, and name the commands that bring those back`
      : `where a dump, a copy of one elsewhere or WAL is newer than the archive: restore data of ${names} from it; what the archive has of them is replaced and kept (lifeboat undo), and connections to it are ended`,
    card: {
      needs: "their guests are back, and answer; for what is encrypted LIFEBOAT_AGE_IDENTITY_FILE",
      command: [...new Set(commands)].join("; "),
      check: "each is as it was at the time that the report names",
    },
    run: async ({ factsOf }) => {
      const results = Object.values(guestsPaths).flatMap((path) => resultsIn(factsOf(path)));
      const guests = concerned.flatMap(({ selector: guest, look: { restored } }): GuestAsOf[] => {
        const time = (results.find((one) => one.guest === guest) ?? restored)?.time ?? null;
        return time === null ? [] : [{ guest, time }];
      });
      const earlier = await earlierIn(guests, before, session);
      const { sources, findings } = await session.newerData(guests, before, session.context);
      const used = concerned.flatMap(({ selector, look }) => (isInUse(look) ? [selector] : []));
      const bounds = { parallel, perKey: 1, keyOf: ({ guest }: NewerSource) => guest };
      const outcomes = await session.context.progress.strands(`Restore data of ${names}`, (show) =>
        runBounded(sources, bounds, (one) =>
          bring(
            one,
            { session, before, isUsed: used.includes(one.guest), earlier: earlier.get(one.guest) ?? [] },
            show(`${one.guest}/${one.source}`),
          ),
        ),
      );
      session.context.signal.throwIfAborted();
      const all = [...findings, ...outcomes.flatMap((one) => one.findings)];
      return {
        facts: {
          newer: all.filter(({ severity }) => severity === "problem").length,
          results: JSON.stringify(outcomes.map(({ result }) => result)),
        },
        findings: all,
      };
    },
  });
}

/**
 * What was restored of data since the recovery began. What was cut off half-way is brought to its end first: until then nobody can tell
 * how new the data are.
 */
async function earlierIn(
  guests: readonly GuestAsOf[],
  before: number,
  session: SiteSession,
): Promise<ReadonlyMap<string, readonly EarlierData[]>> {
  const found = new Map<string, readonly EarlierData[]>();
  for (const { guest } of guests) {
    for (const { source, from, state } of await earlierData(guest, before, session)) {
      if (state !== "open" || session.dataLeft.all || session.dataLeft.sources.includes(`${guest}/${source}`)) continue;
      // Where it fails it is found half done below, and said there.
      await session.context.progress.strands(`Restore data of ${guest}`, (show) =>
        restore({ guest, source }, from, session, show(`${guest}/${source}`)),
      );
    }
    found.set(guest, await earlierData(guest, before, session));
  }
  return found;
}

function isInUse({ restored }: GuestLook): boolean {
  return restored?.endedAt !== undefined && (Date.now() - Date.parse(restored.endedAt)) / 1_000 > inUseAfter;
}

interface DataOutcome {
  readonly result: DataResult;
  readonly findings: readonly Finding[];
}

interface Bringing {
  readonly session: SiteSession;
  /** When the recovery began, unix seconds. */
  readonly before: number;
  readonly isUsed: boolean;
  /** What was restored of the guest's data since then. */
  readonly earlier: readonly EarlierData[];
}

/** What fails leaves the guest as its archive has it, and its command is named. */
async function bring(newer: NewerSource, work: Bringing, show: ShowStep): Promise<DataOutcome> {
  const { guest, source, time, finding, things } = newer;
  const { all, sources } = work.session.dataLeft;
  const head = { guest, source, time, lostSeconds: Math.max(0, work.before - time) };
  if (all || sources.includes(`${guest}/${source}`) || things.length === 0) {
    return { result: { ...head, result: "left", seconds: null }, findings: [finding] };
  }
  const started = performance.now();
  const findings: Finding[] = [];
  for (const thing of things) findings.push(...(await bringThing(newer, thing, work, show)));
  const seconds = (performance.now() - started) / 1_000;
  const isLatest = findings.every(({ severity }) => severity === "note");
  return { result: { ...head, result: isLatest ? "latest" : "left", seconds: isLatest ? seconds : null }, findings };
}

async function bringThing(
  newer: NewerSource,
  { from, command }: NewerThing,
  { session, isUsed, earlier }: Bringing,
  show: ShowStep,
): Promise<readonly Finding[]> {
  const { guest, source, finding } = newer;
  const before = earlier.find((one) => one.source === source && isSameFrom(one.from, from));
  if (before?.state === "done") return [];
  if (before?.state === "undone") {
    const text = `${finding.text}; they were brought back from there, and somebody has undone that`;
    return [{ severity: "todo", text, mend: command }];
  }
  if (isUsed && before === undefined) {
    const text = `${finding.text}; ${guest} came back more than ${formatDuration(inUseAfter)} ago, and what was written since would be replaced`;
    return [{ severity: "problem", text, mend: command }];
  }
  const why = await restore({ guest, source }, from, session, show);
  return why === undefined
    ? []
    : [{ severity: "problem", text: `${finding.text}; they were not brought back: ${why}`, mend: command }];
}

/** @returns why it was not restored */
async function restore(
  place: Pick<NewerSource, "guest" | "source">,
  from: NewerFrom,
  session: SiteSession,
  show: ShowStep,
): Promise<string | undefined> {
  try {
    await runWithin(session.context, (inner) => session.bringData(place, from, inner), show);
    return undefined;
  } catch (error) {
    session.context.signal.throwIfAborted();
    const { reason, hint, stack } = failureOf(error, undefined);
    if (stack !== undefined) throw error;
    return hint === undefined ? reason : `${reason} (${hint})`;
  }
}
