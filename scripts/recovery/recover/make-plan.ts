import { type NodeMapping, writtenMapping } from "../../../site/replaced-node/node-mapping";
import { spaceNeeds } from "../../../site/restore/space";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Demand } from "../engine/consent";
import { mergeDemands } from "../engine/merge-demands";
import { refuseFull } from "../restore-guest/refuse";
import { lookAtBareNodes } from "./bare-nodes";
import { earlierRun, leftBehind, unprovenSince, withEarlier } from "./earlier-run";
import { hasWork } from "./lacking";
import { refuseFullOfCopies } from "./look-elsewhere";
import { lookAtEnvironment } from "./look-at-environment";
import { lookAtStoreGuest, type RestoreNeeds } from "./look-at-guests";
import { lookAtStore } from "./look-at-store";
import { lostOf } from "./lost";
import type { EnvironmentLook, RecoverPlan } from "./plan";
import type { SiteSession } from "./session";

/** What a look at the site came to. */
interface PlannedRecovery {
  readonly plan: RecoverPlan;
  readonly demands: readonly Demand[];
}

/**
 * Looks at everything that is left of a site. What cannot be looked at is part of the plan, and keeps nothing else from coming back.
 *
 * @throws CommandError (12) for a passphrase that does not fit; (13) where the storages lack room; (14) where nothing can be looked at
 */
export async function planRecovery(session: SiteSession): Promise<PlannedRecovery> {
  const { chosen, asked, context } = session;
  const earlier = earlierRun(session);
  const needs: RestoreNeeds = { demands: [], restores: [], copies: [] };
  const looks = await Promise.all(chosen.map((environment) => lookAtEnvironment(session, environment, needs)));
  context.signal.throwIfAborted();
  requireSight(looks);
  const seen = await lookAtStore(session, async (owner, guest) => {
    const own = looks.find(({ name }) => name === owner);
    if (own === undefined) return false;
    own.guests = await Promise.all(
      own.guests.map((one) => (one.name === guest ? lookAtStoreGuest(session, own, one, needs) : one)),
    );
    return own.guests.some(({ name, way }) => name === guest && (way.startsWith("archive") || way === "offsite"));
  });
  refuseFull(
    spaceNeeds(
      needs.restores.map(({ space }) => space),
      asked.parallel,
    ),
  );
  refuseFullOfCopies(needs.copies);
  const whole = seen?.store.way === "none" ? looks.map(withoutStore) : looks;
  const environments =
    earlier === undefined ? whole : await Promise.all(whole.map((look) => withEarlier(session, earlier, look)));
  const bare = await lookAtBareNodes(session, environments);
  const left = leftBehind(session);
  const plan: RecoverPlan = {
    environments: environments.map((look) => (left.has(look.name) ? { ...look, unfinished: true } : look)),
    ...(seen === undefined ? {} : { store: seen.store }),
    ...(asked.mapping === undefined ? {} : { map: shownMapping(asked.mapping, session.renamed) }),
    ...(bare.length === 0 ? {} : { bare }),
    parallel: asked.parallel,
    ...(earlier === undefined ? {} : { resumed: true }),
    // A first run that was cut off counts: people wait since then.
    began: earlier?.began ?? new Date().toISOString(),
  };
  if (!hasWork(plan)) return { plan: checkedAgain(plan, session), demands: [] };
  const question = "Bring back what is lost of the site, as it is shown here?";
  return { plan, demands: [...(seen?.demands ?? []), ...mergeDemands(needs.demands, question)] };
}

/** Nothing is lost: what an earlier run has ended without a proof is checked until it is one, since somebody waits for that with its exit code. */
function checkedAgain(plan: RecoverPlan, session: SiteSession): RecoverPlan {
  const since = unprovenSince(session);
  return since === undefined ? plan : { ...plan, unproven: true, firstBegan: since };
}

/**
 * What is gone and cannot be brought back now is not "nothing is lost".
 *
 * @throws CommandError (14)
 */
export function requireAllThere(plan: RecoverPlan): void {
  const lost = lostOf(plan);
  if (lost.length === 0) return;
  const texts = lost.map(({ subject, why }) => `${subject}: ${why}`);
  throw new CommandError(`nothing of what is lost can be brought back now: ${texts.join("; ")}`, {
    exitCode: exitCodes.unavailable,
    hint: [...new Set(lost.flatMap(({ mend }) => mend ?? []))].join("; ") || "lifeboat status",
  });
}

function shownMapping(mapping: NodeMapping, renamed: SiteSession["renamed"]): NonNullable<RecoverPlan["map"]> {
  const settings = renamed.map(({ environment, file, changes }) => ({
    environment,
    file,
    changes: changes.map(({ path, from, to }) => ({ path: [...path], from, to })),
  }));
  return { ...writtenMapping(mapping), settings };
}

/** The guest of a store that is not made again now does not come back with it. */
function withoutStore(look: EnvironmentLook): EnvironmentLook {
  const why = "it comes back with the state store, which cannot be brought back now";
  return {
    ...look,
    guests: look.guests.map((guest) => (guest.way === "store" ? { ...guest, way: "none", why } : guest)),
  };
}

/** @throws CommandError (14) where no node lets anything be seen: nothing at all can be said then */
function requireSight(looks: readonly EnvironmentLook[]): void {
  const [first] = looks;
  if (first === undefined || looks.some(({ trouble }) => trouble === undefined)) return;
  throw new CommandError(looks.map(({ name, trouble = "" }) => `${name}: ${trouble}`).join("; "), {
    exitCode: exitCodes.unavailable,
    ...(first.mend === undefined ? {} : { hint: first.mend }),
  });
}
