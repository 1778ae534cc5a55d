import { pulumiLine } from "../../../site/plain-pulumi";
import { dirname } from "node:path";
import { readFileSync, rmSync } from "node:fs";
import { shellQuote } from "../../machine/shell-quote";
import { nameOf } from "../../../site/state/integrity";
import { checkpointStem } from "../../../site/state/state-keys";
import { ConditionFailed, type StoredObject, type WriteCondition } from "../../clients/object-store/object-store";
import type { CommandError } from "../../terminal/command-error";
import { changedInputs, type Inputs } from "../engine/digest";
import { makePrivateFolder, writeDurably } from "../../machine/durable-file";
import { changedSincePlan, recheckStep } from "../engine/recheck";
import type { Finding, Step, StepContext } from "../engine/step";
import { digestIn } from "../steps/state/changed";
import { readableDigest, readObject } from "../steps/state/read-object";
import { writeOnce } from "../steps/state/send-objects";
import { inputsOf } from "./make-plan";
import { newLockKey, requireNoLock, takePulumiLock } from "../steps/state/pulumi-lock";
import type { RestoreStatePlan } from "./plan";
import { discardUnreadable, replaceUnreadable } from "../steps/state/replace-unreadable";
import { sha256Of, type StateAccess } from "../steps/state/state-access";
import { findPresent } from "../steps/state/present-state";

/** What the steps reach. */
export interface RestoreStateWorld {
  readonly access: StateAccess;
  /** Told what it has written: the site's store is then known to hold something newer than its copies. */
  readonly remember: (object: StoredObject, sha256: string) => void;
  /** What Pulumi would change now. */
  comparePulumi(signal: AbortSignal): Promise<Finding[]>;
}

/** Path of the step that takes Pulumi's lock. */
const lockStep = "lock";

/** Path of the step that writes the state. */
export const writePath = "write";

/** The steps that make a restore point the present state. They follow from the plan alone. */
export function restoreStateSteps(plan: RestoreStatePlan, world: RestoreStateWorld, inputs: Inputs): Step[] {
  const { access } = world;
  return [
    takeLock(plan, access),
    ...(plan.present === undefined ? [] : [keepPresent(plan.present, access)]),
    recheck(plan, access, inputs),
    writeState(plan, world),
    ...(plan.others.length === 0 ? [] : [removeOthers(plan, access)]),
    releaseLock(access),
    tellRest(plan),
    {
      id: "compare",
      title: "Compare with Pulumi",
      does: `ask pulumi preview what differs between ${plan.environment}'s state, its settings and the real world`,
      run: async ({ signal }) => ({ findings: await world.comparePulumi(signal) }),
    },
  ];
}

/** From here to its release no update of this stack starts. */
function takeLock({ environment }: RestoreStatePlan, access: StateAccess): Step {
  return {
    id: lockStep,
    title: "Take Pulumi's lock",
    does: `take Pulumi's lock of ${environment}, so that no update starts meanwhile`,
    run: async (context) => {
      // Of an earlier attempt that died: it would keep this one out.
      await removeOwnLock(access, context);
      const key = newLockKey(access);
      context.note({ lock: key });
      await takePulumiLock(access, key);
    },
    takeBack: (context) => removeOwnLock(access, context),
  };
}

async function removeOwnLock({ store }: StateAccess, { facts }: Pick<StepContext, "facts">): Promise<void> {
  const { lock } = facts;
  if (typeof lock === "string") await store.remove(lock);
}

function keepPresent({ key, sha256, kept }: NonNullable<RestoreStatePlan["present"]>, { store }: StateAccess): Step {
  return {
    id: "keep",
    title: "Keep the present state",
    does: `keep the present state as restore point ${kept.id} (${kept.key}), and in ${kept.file}`,
    run: async () => {
      const content = await store.read(key);
      if (sha256Of(content) !== sha256) throw changed(["the present state"]);
      makePrivateFolder(dirname(kept.file));
      writeDurably(kept.file, content);
      if (!fileHolds(kept.file, sha256)) throw new Error(`${kept.file} does not hold what was written`);
      if (!(await writeOnce(store, kept.key, content))) throw changed([kept.key]);
      return { facts: { key: kept.key, file: kept.file, bytes: content.length } };
    },
    takeBack: async () => {
      await store.remove(kept.key);
      rmSync(kept.file, { force: true });
    },
  };
}

function fileHolds(file: string, sha256: string): boolean {
  return sha256Of(readFileSync(file)) === sha256;
}

function recheck(plan: RestoreStatePlan, access: StateAccess, inputs: Inputs): Step {
  return recheckStep({
    reads: "the present state and the restore point",
    again: sameCommand,
    changed: async ({ factsOf }) => {
      await requireNoLock(access, ownLockOf(factsOf));
      const point = await access.store.read(plan.point.key, plan.point.versionId);
      const present = await findPresent(access);
      return changedInputs(inputs, inputsOf(access, present, sha256Of(point)));
    },
  });
}

const changed = (what: readonly string[]): CommandError => changedSincePlan(what, sameCommand);

const sameCommand = "the same command with --dry-run";

/** Key of Pulumi's lock that a restore has taken. */
export function ownLockOf(factsOf: StepContext["factsOf"]): string | undefined {
  const { lock } = factsOf(lockStep);
  return typeof lock === "string" ? lock : undefined;
}

/** After an interruption somebody may have cleared the lock: `pulumi cancel` does that. @throws CommandError (11) */
async function holdLock(access: StateAccess, { factsOf }: StepContext): Promise<void> {
  const own = ownLockOf(factsOf);
  const isThere = own !== undefined && (await digestIn(access, own)) !== undefined;
  if (own === undefined || isThere) await requireNoLock(access, own);
  else await takePulumiLock(access, own);
}

/** Byte by byte, under the name that fits the content, and only over what the plan has seen. */
function writeState(plan: RestoreStatePlan, { access, remember }: RestoreStateWorld): Step {
  const { store } = access;
  const isWritten = async (): Promise<boolean> =>
    (await readableDigest(access.store, plan.target)) === plan.point.sha256;
  const rememberWritten = async (): Promise<void> => {
    const written = (await store.list(plan.target)).find(({ key }) => key === plan.target);
    if (written !== undefined) remember(written, plan.point.sha256);
  };
  return {
    id: writePath,
    title: `Write the state of ${plan.environment}`,
    does: `write restore point ${plan.point.id} to ${plan.target} in ${plan.where}, unless somebody else has written there`,
    commits: true,
    probe: async () => {
      if (!(await isWritten())) return undefined;
      await rememberWritten();
      return {};
    },
    run: async (context) => {
      await holdLock(access, context);
      const content = await store.read(plan.point.key, plan.point.versionId);
      if (sha256Of(content) !== plan.point.sha256) throw changed(["the restore point"]);
      const condition = await conditionOf(access, plan);
      context.note({ sent: true });
      try {
        if (condition === "unreadable") await replaceUnreadable(access, plan.target, content);
        else await store.write(plan.target, content, condition);
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
        // The answer to the first of two tries may have been lost on the way.
        if (!(await isWritten())) {
          context.note({ sent: false });
          throw changed(["the present state"]);
        }
      }
      if (!(await isWritten())) throw new Error(`${plan.target} does not hold what was written`);
      await rememberWritten();
      return { facts: { bytes: content.length } };
    },
  };
}

/**
 * `unreadable`: the store cannot compare, since it would have to read what it cannot read.
 *
 * @throws CommandError (13) when the object is no longer what the plan has seen
 */
async function conditionOf(
  access: StateAccess,
  { present, target, unreadable }: RestoreStatePlan,
): Promise<WriteCondition | "unreadable" | undefined> {
  const known = unreadable ?? present?.key;
  const isUnreadable = (await readObject(access.store, target)) === "unreadable";
  if (isUnreadable && known === target) return "unreadable";
  if (isUnreadable || unreadable === target) throw changed(["the present state"]);
  const listed = await access.store.list(`${checkpointStem(access.place)}.json`);
  const found = listed.find(({ key }) => key === target);
  if (found === undefined) return { ifNoneMatch: true };
  if (present?.key === target && (await digestIn(access, target)) !== present.sha256)
    throw changed(["the present state"]);
  return found.etag === undefined ? undefined : { ifMatch: found.etag };
}

function removeOthers({ others }: RestoreStatePlan, access: StateAccess): Step {
  return {
    id: "remove-others",
    title: "Remove the other form of the state",
    does: `remove ${others.join(", ")}: of several forms Pulumi reads the newest, and one is left`,
    commits: true,
    run: async () => {
      for (const key of others) {
        if ((await readObject(access.store, key)) === "unreadable") await discardUnreadable(access, key);
        else await access.store.remove(key);
      }
    },
  };
}

function releaseLock(access: StateAccess): Step {
  return {
    id: "unlock",
    title: "Give Pulumi's lock back",
    does: "give Pulumi's lock back",
    run: async ({ factsOf }) => {
      const lock = ownLockOf(factsOf);
      if (lock !== undefined) await access.store.remove(lock);
    },
  };
}

/** What the restored state does not know of. Nothing on the site is orphaned without being named. */
function tellRest({ environment, forgotten, underWay }: RestoreStatePlan): Step {
  return {
    id: "tell",
    title: "Name what Pulumi knows no more",
    does: "name the resources that exist and that Pulumi knows no more",
    run: async () => ({
      findings: [
        ...forgotten.map(({ name, type, id }): Finding => ({
          severity: "todo",
          text: `Pulumi knows ${name} (${type}) no more; it goes on to exist as ${id}: take it in again, or remove it by hand`,
          mend: pulumiLine(environment, `import ${[type, name, id].map(shellQuote).join(" ")}`),
        })),
        ...underWay.map(({ urn, type }): Finding => ({
          severity: "todo",
          text: `an update was broken off while it was ${type} ${nameOf(urn)}: look whether it is there`,
        })),
      ],
    }),
  };
}
