import * as z from "zod";
import { failureOf } from "../../clients/failure";
import { runBounded } from "../../machine/bounded";
import { exitCodes } from "../../terminal/exit-codes";
import type { ShowStep } from "../../terminal/progress";
import { runOne } from "../engine/run-one";
import { findingShape } from "../engine/shapes";
import { type Finding, type Step, standing } from "../engine/step";
import { journalsOf, sessionOf } from "../engine/session";
import { runWithin } from "../engine/within";
import { findingsWithin } from "./findings-within";
import { restoresAmong } from "../restore-guest/journals";
import { restoreOperation } from "../restore-guest/operation";
import { placeOf, requestFor, withoutArchive } from "./look-at-guests";
import type { EnvironmentLook, GuestLook, RecoverPlan } from "./plan";
import type { SiteSession } from "./session";

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

/** Whether a guest comes back from an archive, or may: some are seen only later. */
function isRestored({ way }: GuestLook): boolean {
  return way === "archive" || way === "archive unseen" || way === "resume";
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
    does: `restore ${names} from their newest good archives, ${String(parallel)} at a time, at most ${String(perNode)} on one node`,
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
      if ((await client.cluster.guests()).some(({ vmid }) => vmid === look.id)) {
        const text = `${selector} is there by now: it was left as it is`;
        return { result: { ...none, result: "there" }, findings: [{ severity: "note", text }] };
      }
    }
    const run = await runWithin(
      session.context,
      async (inner) => {
        const own = await sessionOf(found, inner, false);
        const exitCode = await runOne(own, restoreOperation(own, requestFor(session, own, placeOf(look))));
        time = restoresAmong(journalsOf(own))[0]?.plan.archive.time;
        return exitCode;
      },
      show,
    );
    const { archive, proven, seconds, findings } = reportSchema.parse(run.value);
    const result = proven ? "back" : "not proven";
    // Where it is not where the settings have it, its stack is not brought up behind this.
    const later = look.declaredNode === undefined ? [found.environment.name] : [];
    const told = findingsWithin(findings, later, selector);
    return { result: { guest: selector, result, archive, time: time ?? null, seconds }, findings: told };
  } catch (error) {
    session.context.signal.throwIfAborted();
    const { reason, hint, exitCode, stack } = failureOf(error, undefined);
    if (stack !== undefined) throw error;
    if (exitCode === exitCodes.nothing && withoutArchive(found.guest) === "anew") {
      const text = `${selector} has no archive: its stack makes it again, empty`;
      return {
        result: { ...none, result: "anew" },
        findings: [{ severity: "todo", text, mend: `lifeboat backups ${selector}` }],
      };
    }
    const mend = `lifeboat restore guest ${selector}`;
    const text = `${selector} did not come back: ${reason}${hint === undefined ? "" : ` (${hint})`}`;
    return { result: { ...none, result: "lost" }, findings: [{ severity: "problem", text, mend }] };
  }
}
