import * as z from "zod";
import { failureOf } from "../../clients/failure";
import { StoreError } from "../../clients/object-store/object-store";
import { runBounded } from "../../machine/bounded";
import type { ShowStep } from "../../terminal/progress";
import { runOne } from "../engine/run-one";
import { findingShape } from "../engine/shapes";
import { type Finding, type Step, type StepCard, type StepContext, standing } from "../engine/step";
import { type GuestSession, journalsOf, sessionOf } from "../engine/session";
import { type EndedWithin, runWithin } from "../engine/within";
import { findingsWithin } from "./findings-within";
import { restoresAmong } from "../restore-guest/journals";
import { restoreOperation } from "../restore-guest/operation";
import { bringHere, hasNoArchive, hasNoneHere, isFromElsewhere } from "./look-elsewhere";
import { placeOf, requestFor, withoutArchive } from "./look-at-guests";
import { wayOfTaken } from "./number-taken";
import { type EnvironmentLook, type GuestLook, isRestored, type RecoverPlan } from "./plan";
import type { SiteSession } from "./session";

/** Paths of the steps that restore guests: those of the environment that makes the state store, then all others. */
export const guestsPaths = { keepers: "guests-first", others: "guests" } as const;

/** Restores of one node at the same time: more would only slow each other down on its disks. */
const perNode = 2;

const resultSchema = z.object({
  /** `prod/web`. */
  guest: z.string(),
  result: z.enum(["there", "back", "not proven", "anew", "by hand", "lost"]),
  archive: z.string().nullable(),
  /** When the archive was begun, seconds since 1970 by the node's clock. */
  time: z.number().nullable(),
  /** How long the restore took, in seconds. */
  seconds: z.number().nullable(),
});

/** What became of one guest. */
export type GuestResult = z.infer<typeof resultSchema>;

/** What earlier guests steps of a journal have noted. */
export function resultsIn(facts: Readonly<Record<string, unknown>>): readonly GuestResult[] {
  const text = facts["results"];
  return typeof text === "string" ? z.array(resultSchema).parse(JSON.parse(text)) : [];
}

const reportSchema = z.looseObject({
  archive: z.string(),
  proven: z.boolean(),
  seconds: z.number(),
  findings: z.array(findingShape),
});

/** A guest that is to come back. */
interface Lost {
  readonly selector: string;
  readonly environment: string;
  readonly look: GuestLook;
}

/**
 * Guests of an environment that are not back, and of which archives, or copies elsewhere, may be left: its stack would make them
 * empty, and what is there no recovery restores over.
 */
export function notBack(
  { name, guests }: Pick<EnvironmentLook, "name" | "guests">,
  factsOf: StepContext["factsOf"],
): GuestLook[] {
  const results = Object.values(guestsPaths).flatMap((path) => resultsIn(factsOf(path)));
  const settled = ["back", "not proven", "there", "anew"];
  const isSettled = (guest: string): boolean =>
    results.some((one) => one.guest === guest && settled.includes(one.result));
  return guests.filter(
    (look) => (look.mayBeElsewhere === true || look.ownStack === true) && !isSettled(`${name}/${look.name}`),
  );
}

/**
 * Restores every guest of some environments that is gone, several at a time, each as soon as the guests that it needs are back. One
 * that fails leaves the others going. Undefined: there is none.
 */
export function guestsStep(
  id: string,
  environments: readonly EnvironmentLook[],
  { parallel }: RecoverPlan,
  session: SiteSession,
): Step | undefined {
  const lost = environments.flatMap(({ name, guests }) =>
    guests.filter(isRestored).map((look): Lost => ({ selector: `${name}/${look.name}`, environment: name, look })),
  );
  if (lost.length === 0) return undefined;
  const names = lost.map(({ selector }) => selector).join(", ");
  return standing({
    id,
    title: `Restore ${names}`,
    does: `restore ${names} from their newest good archives${elsewhereText(lost)}, ${String(parallel)} at a time, at most ${String(perNode)} on one node`,
    card: guestsCard(lost, session),
    run: async () => {
      const bounds = {
        parallel,
        perKey: perNode,
        keyOf: ({ look }: Lost) => look.node,
        waitsFor: ({ environment, look }: Lost) =>
          lost.filter((one) => one.environment === environment && look.needs.includes(one.look.name)),
      };
      const outcomes = await session.context.progress.strands(`Restore ${names}`, (show) =>
        runBounded(lost, bounds, (one) => restore(one, session, show(one.selector))),
      );
      session.context.signal.throwIfAborted();
      const results = outcomes.map(({ result }) => result);
      return { facts: { results: JSON.stringify(results) }, findings: outcomes.flatMap(({ findings }) => findings) };
    },
  });
}

function guestsCard(lost: readonly Lost[], session: SiteSession): StepCard {
  const nodes = unique(lost.map(({ look }) => look.node)).join(", ");
  const storages = unique(
    lost.map(({ environment }) => session.site.environment(environment).settings.backup.storage.id),
  );
  const waits = lost.flatMap(({ environment, look }) => {
    const first = look.needs.filter((name) => lost.some((one) => one.selector === `${environment}/${name}`));
    return first.length === 0 ? [] : [`${first.join(" and ")} before ${look.name}`];
  });
  const command = unique(lost.map(optionsOf))
    .map((options) => {
      const selectors = lost.filter((one) => optionsOf(one) === options).map(({ selector }) => selector);
      return `lifeboat restore guest ${selectors.join(" ")}${options}`;
    })
    .join("; ");
  return {
    needs: `${nodes} and the archives on ${storages.join(", ")}${waits.length === 0 ? "" : `; ${waits.join(", ")}`}`,
    command,
    check: "each guest runs, and its checks are right",
  };
}

/** What a restore of one guest is told besides its name. */
function optionsOf({ look }: Lost): string {
  const place = placeOf(look);
  return `${place === undefined ? "" : ` --node ${place}`}${look.way === "offsite" ? " --from offsite" : ""}`;
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)];
}

interface GuestOutcome {
  readonly result: GuestResult;
  readonly findings: readonly Finding[];
}

async function restore({ selector, look }: Lost, session: SiteSession, show: ShowStep): Promise<GuestOutcome> {
  const found = session.site.findGuest(selector);
  const none = { guest: selector, archive: null, time: null, seconds: null };
  let time: number | undefined;
  try {
    if (look.way !== "resume") {
      const client = await found.environment.client();
      // It was gone when the site was looked at; whatever is there now is not restored over.
      const listed = (await client.cluster.guests()).find(({ vmid }) => vmid === look.id);
      if (listed !== undefined) {
        const taken = await wayOfTaken(client, listed, { ...found, selector });
        if (taken !== undefined) {
          const text = `${selector} did not come back: ${taken.why}`;
          return { result: { ...none, result: "lost" }, findings: [{ severity: "problem", text, mend: taken.mend }] };
        }
        const text = `${selector} is there by now: it was left as it is`;
        return { result: { ...none, result: "there" }, findings: [{ severity: "note", text }] };
      }
    }
    const attempt = (archiveOf: (own: GuestSession) => Promise<string | undefined>): Promise<EndedWithin> =>
      runWithin(
        session.context,
        async (inner) => {
          const own = await sessionOf(found, inner, false);
          const request = requestFor(session, own, placeOf(look), await archiveOf(own));
          const exitCode = await runOne(own, restoreOperation(own, request));
          time = restoresAmong(journalsOf(own))[0]?.plan.archive.time;
          return exitCode;
        },
        show,
      );
    const run = await attempt(() => Promise.resolve(look.way === "resume" ? look.archive : undefined)).catch(
      (error: unknown) => {
        if (look.way === "resume" || !isFromElsewhere(session.asked) || !hasNoneHere(error)) throw error;
        return attempt((own) => bringHere(own, placeOf(look)));
      },
    );
    const { archive, proven, seconds, findings } = reportSchema.parse(run.value);
    const result = proven ? "back" : "not proven";
    // Where it is not where the settings have it, its stack is not brought up behind this.
    const later = look.declaredNode === undefined ? [found.environment.name] : [];
    const told = findingsWithin(findings, later, selector);
    return { result: { guest: selector, result, archive, time: time ?? null, seconds }, findings: told };
  } catch (error) {
    session.context.signal.throwIfAborted();
    const { reason, hint, stack } = failureOf(error, undefined);
    if (stack !== undefined) throw error;
    // What was planned to come from elsewhere is not made empty instead: nobody has agreed to that.
    if (hasNoArchive(error) && withoutArchive(found.guest) === "anew" && look.mayBeElsewhere !== true) {
      const text = `${selector} has no archive: its stack makes it again, empty`;
      return {
        result: { ...none, result: "anew" },
        findings: [{ severity: "todo", text, mend: `lifeboat backups ${selector}` }],
      };
    }
    const mend = `lifeboat restore guest ${selector}${look.mayBeElsewhere === true ? " --from offsite" : ""}`;
    // The hints of stores speak of the one with the states.
    const advice = hint === undefined || error instanceof StoreError ? "" : ` (${hint})`;
    const text = `${selector} did not come back: ${reason}${advice}`;
    return { result: { ...none, result: "lost" }, findings: [{ severity: "problem", text, mend }] };
  }
}

function elsewhereText(lost: readonly Lost[]): string {
  const [first, ...others] = lost.flatMap(({ look: { elsewhere } }) => elsewhere ?? []);
  if (first === undefined) return "";
  const buckets = [...new Set([first, ...others].map(({ bucket }) => bucket))].join(", ");
  return ` (where there is none, from the copies in ${buckets}, which are brought to the backup storage first)`;
}
