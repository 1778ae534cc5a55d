import { NoSuchObject } from "../../../clients/object-store/object-store";
import type { Step, StepContext } from "../../engine/step";
import { newLockKey, requireNoLock, takePulumiLock } from "./pulumi-lock";
import type { StateAccess } from "./state-access";

/** Keeps every `pulumi` away from a stack in one place until {@link unlockStep}. */
export function lockStep(access: StateAccess, id: string): Step {
  return {
    id,
    title: `Take Pulumi's lock in ${access.store.place}`,
    does: `take Pulumi's lock in ${access.store.place}`,
    run: async (context) => {
      // Of an earlier attempt that died: it would keep this one out.
      await removeOwn(access, context.facts["lock"]);
      const key = newLockKey(access);
      context.note({ lock: key });
      await takePulumiLock(access, key);
    },
    takeBack: ({ facts }) => removeOwn(access, facts["lock"]),
  };
}

export function unlockStep(access: StateAccess, id: string, lockId: string): Step {
  return {
    id,
    title: `Give Pulumi's lock in ${access.store.place} back`,
    does: `give Pulumi's lock in ${access.store.place} back`,
    run: (context) => giveBack(access, lockId, context),
  };
}

/** Removes the lock that an earlier step has taken. */
export async function giveBack(
  access: StateAccess,
  lockId: string,
  { factsOf }: Pick<StepContext, "factsOf">,
): Promise<void> {
  await removeOwn(access, factsOf(lockId)["lock"]);
}

/** After an interruption somebody may have cleared the lock: `pulumi cancel` does that. @throws CommandError (11) */
export async function holdLock(access: StateAccess, lockId: string, { factsOf }: StepContext): Promise<void> {
  const { lock } = factsOf(lockId);
  if (typeof lock !== "string" || (await isThere(access, lock))) {
    await requireNoLock(access, typeof lock === "string" ? lock : undefined);
  } else {
    await takePulumiLock(access, lock);
  }
}

async function isThere({ store }: StateAccess, key: string): Promise<boolean> {
  try {
    await store.read(key);
    return true;
  } catch (error) {
    if (error instanceof NoSuchObject) return false;
    throw error;
  }
}

async function removeOwn({ store }: StateAccess, lock: unknown): Promise<void> {
  if (typeof lock === "string") await store.remove(lock);
}
