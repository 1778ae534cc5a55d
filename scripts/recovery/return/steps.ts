import { checkpointStem } from "../../../site/state/state-keys";
import { ConditionFailed, type StoredObject, type WriteCondition } from "../../clients/object-store/object-store";
import type { Finding, Step } from "../engine/step";
import { removeRecord } from "../steps/state/fallback-record";
import { giveBack, holdLock, lockStep, unlockStep } from "../steps/state/lock-steps";
import { historyFindings, sendHistory, writeChecked, writeOnce } from "../steps/state/send-objects";
import { listStack } from "../steps/state/stack-objects";
import type { BegunOperation } from "../engine/operation";
import { sha256Of, type StateAccess } from "../steps/state/state-access";
import type { ReturnPlan } from "./plan";
import { changed, digestIn } from "../steps/state/changed";
import { readableDigest } from "../steps/state/read-object";
import { findPresent } from "../steps/state/present-state";
import { keepLater, notThereAnyMore, stillHere, type StoreWorld, whyNotStored } from "./stored";
import { replaceUnusable } from "../steps/state/replace-unreadable";

/** What the steps of a return work with. */
export interface ReturnWorld extends StoreWorld {
  /** Renames the state on this machine; answers with where it is then. */
  readonly archive: (time: string) => string;
  /** Makes the folder of copies what the store holds now. */
  readonly copy: () => Promise<Finding[]>;
  /** What Pulumi would do, as findings. */
  readonly comparePulumi: (signal: AbortSignal) => Promise<Finding[]>;
}

const lockHere = "lock-here";
const lockThere = "lock-there";

const [statePath, archivePath] = ["state", "archive"] as const;

/** Path of the step that decides which state lives. */
export function commitOf({ keep }: ReturnPlan): string {
  return keep === "local" ? statePath : archivePath;
}

/** Makes the store's state the live one again: as it is, or as it became on this machine. */
export function returnSteps(plan: ReturnPlan, world: ReturnWorld, begun: BegunOperation): Step[] {
  const { states } = world;
  const push = plan.keep === "local" ? [pushHistory(plan, world), pushState(plan, world)] : [];
  const history = plan.keep === "store" && plan.kept !== undefined ? [pushHistory(plan, world)] : [];
  return [
    lockStep(states.local, lockHere),
    lockStep(states.store, lockThere),
    ...(plan.kept === undefined ? [] : [keepOther(plan.kept, plan, world)]),
    ...history,
    ...push,
    putAway(plan, world, begun),
    unlockStep(states.local, "unlock-here", lockHere),
    unlockStep(states.store, "unlock-there", lockThere),
    refreshCopy(plan, world),
    compare(plan, world),
  ];
}

function keepOther(kept: NonNullable<ReturnPlan["kept"]>, plan: ReturnPlan, { states }: ReturnWorld): Step {
  const [access, known] = kept.side === "store" ? [states.store, plan.stored] : [states.local, plan.present];
  const which = kept.side === "store" ? "the store's present state" : "the state on this machine";
  return {
    id: "keep",
    title: `Keep ${which}`,
    does: `keep ${which} as restore point ${kept.id} of the store (${kept.key})`,
    run: async () => {
      const content = await access.store.read(known?.object ?? "");
      if (sha256Of(content) !== known?.sha256) throw changed(which);
      if (!(await writeOnce(states.store.store, kept.key, content))) throw changed(kept.key);
    },
    takeBack: async () => {
      if ((await digestIn(states.store, kept.key)) === known?.sha256) await states.store.store.remove(kept.key);
    },
  };
}

/** Entries have their time as their name: those of both states stand beside each other. */
function pushHistory({ environment, store }: ReturnPlan, { states }: ReturnWorld): Step {
  return {
    id: "history",
    title: `Bring the restore points of ${environment} to the store`,
    does: `copy what the history on this machine has more to ${store}`,
    run: async (context) => {
      const [there, here] = await Promise.all([listStack(states.store), listStack(states.local)]);
      const [from, to] = [
        { store: states.local.store, objects: here },
        { store: states.store.store, objects: there },
      ];
      const sent = await sendHistory(from, to, context);
      return { facts: { objects: sent.sent }, findings: historyFindings(sent, from.store, to.store) };
    },
  };
}

function pushState(plan: ReturnPlan, { states }: ReturnWorld): Step {
  const { environment, present, store } = plan;
  const isThere = async (): Promise<boolean> =>
    (await readableDigest(states.store.store, present.object)) === present.sha256;
  return {
    id: statePath,
    title: `Bring the state of ${environment} to the store`,
    does: `write the state on this machine to ${present.object} in ${store}, unless somebody else has written there`,
    commits: true,
    probe: async () => ((await isThere()) ? {} : undefined),
    run: async (context) => {
      await holdLock(states.local, lockHere, context);
      await holdLock(states.store, lockThere, context);
      const content = await states.local.store.read(present.object);
      if (sha256Of(content) !== present.sha256) throw changed("the state on this machine");
      const found = await findPresent(states.store);
      if (plan.unusable !== undefined && found !== undefined) {
        if (found.problem === undefined) throw changed("the state in the store");
        context.note({ sent: true });
        await replaceUnusable(states.store, found, present.object, content);
        return { facts: { bytes: content.length } };
      }
      const { condition, others } = await target(plan, states.store);
      context.note({ sent: true });
      try {
        await writeChecked(states.store.store, present.object, content, condition);
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
        // The answer to the first of two tries may have been lost on the way.
        if (!(await isThere())) {
          context.note({ sent: false });
          throw changed("the state in the store");
        }
      }
      // Of several forms Pulumi reads the newest; one is left, so that nobody is in doubt.
      for (const { key } of others) await states.store.store.remove(key);
      return { facts: { bytes: content.length } };
    },
  };
}

/** @throws CommandError (13) when the store's state is no longer what the plan has seen */
async function target(
  { present, stored }: ReturnPlan,
  access: StateAccess,
): Promise<{ condition: WriteCondition; others: StoredObject[] }> {
  const listed = await access.store.list(`${checkpointStem(access.place)}.json`);
  const forms = listed.filter(({ key }) => /\.json(?:\.gz|\.zst)?$/u.test(key));
  if (stored === undefined ? forms.length > 0 : (await digestIn(access, stored.object)) !== stored.sha256) {
    throw changed("the state in the store");
  }
  const found = forms.find(({ key }) => key === present.object);
  const others = forms.filter(({ key }) => key !== present.object);
  return { condition: found?.etag === undefined ? { ifNoneMatch: true } : { ifMatch: found.etag }, others };
}

/**
 * From here on only the store's state lives: so it is read again first, however long ago it was brought there. One that has
 * changed here since the plan, by somebody who has cleared the lock, is not put away unseen.
 */
function putAway(plan: ReturnPlan, world: ReturnWorld, begun: BegunOperation): Step {
  const { environment, keep, present } = plan;
  const { states, archive } = world;
  return {
    id: archivePath,
    title: "Put the state on this machine away",
    does: `rename the state of ${environment} on this machine into ${states.localFolder}/archive, so that only one lives`,
    commits: true,
    run: async (context) => {
      await holdLock(states.local, lockHere, context);
      await holdLock(states.store, lockThere, context);
      const [found] = await states.local.store.list(present.object);
      const now = found && (await states.local.store.read(found.key));
      const isOther = now !== undefined && sha256Of(now) !== present.sha256;
      if (isOther && keep === "store") throw changed("the state on this machine");
      const missing = await whyNotStored(plan, world);
      if (missing !== undefined && now !== undefined) {
        await giveBack(states.local, lockHere, context);
        await giveBack(states.store, lockThere, context);
        throw stillHere(plan, missing);
      }
      const findings = isOther ? [await keepLater(plan, states, now)] : [];
      context.note({ sent: true });
      const path = archive(begun.startedAt);
      removeRecord(states.record);
      return { facts: { archive: path }, findings };
    },
  };
}

/** The store may have lost it again before a return that was broken off goes on. */
function refreshCopy(plan: ReturnPlan, world: ReturnWorld): Step {
  return {
    id: "copy",
    title: "Copy the state",
    does: "make the folder of copies what the store holds now",
    run: async ({ factsOf }) => {
      const missing = await whyNotStored(plan, world);
      const archive = String(factsOf("archive")["archive"]);
      return { findings: missing === undefined ? await world.copy() : [notThereAnyMore(plan, missing, archive)] };
    },
  };
}

function compare({ environment }: ReturnPlan, { comparePulumi }: ReturnWorld): Step {
  return {
    id: "compare",
    title: "Compare with Pulumi",
    does: `ask pulumi preview what differs from ${environment}'s state`,
    run: async ({ signal }) => ({ findings: await comparePulumi(signal) }),
  };
}
