import { createKeyPair } from "../../../site/state-store/keys";
import { compareEnvironment } from "../../project/pulumi-variables";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { type Step, standing } from "../engine/step";
import { watchOf } from "../engine/watch";
import { clearOurDeadLocks, requireNoLock } from "../steps/state/pulumi-lock";
import { writeKeys } from "../steps/state/site-keys";
import { ownAccessKey } from "./make-plan";
import type { RotateKeysPlan } from "./plan";
import { otherKeys, proveKeys } from "./prove-keys";
import { accessTo, adminOf, type CompleteKeys, keyOf, keysNow, logsOf, ownerCli, pairsOf } from "./world";
import type { RotationSession } from "./world";

/** The order in which nobody is shut out: what was stolen works until what takes its place is proven and in use. */
export function rotationSteps(plan: RotateKeysPlan, session: RotationSession): Step[] {
  return [
    makeStep(plan, session),
    upStep(plan, session),
    proveStep(plan, session),
    useStep(plan, session),
    previewStep(plan, session),
    removeStep(plan, session),
  ];
}

const listed = (names: readonly string[]): string => names.join(", ");
const nextOf = ({ keys }: RotateKeysPlan): string => listed(keys.map(({ next }) => next));
const formerOf = ({ keys }: RotateKeysPlan): string => listed(keys.map(({ former }) => former));

function makeStep(plan: RotateKeysPlan, session: RotationSession): Step {
  return standing({
    id: "make",
    title: "Make the new keys",
    does: `make ${nextOf(plan)}, and write them encrypted into the settings of ${plan.owner}`,
    run: async () => {
      const present = await keysNow(session);
      const keys = plan.keys.reduce((known, one) => withKey(known, plan, one), present);
      if (keys === present) return;
      for (const { secretKey } of pairsOf(keys)) session.context.redactor.remember(secretKey);
      await writeKeys(session.site, session.siteStore, { keys, authority: undefined, own: {} });
    },
  });
}

/** The same keys where an earlier attempt has made it. */
function withKey(
  keys: CompleteKeys,
  { environment }: RotateKeysPlan,
  one: RotateKeysPlan["keys"][number],
): CompleteKeys {
  const { role, next } = one;
  if (keyOf(keys, environment, role)?.accessKey === next) return keys;
  const key = createKeyPair(next);
  if (role === "copier") return { ...keys, copier: key };
  return role === "reader"
    ? { ...keys, readers: { ...keys.readers, [environment]: key } }
    : { ...keys, identities: { ...keys.identities, [environment]: key } };
}

function upStep(plan: RotateKeysPlan, session: RotationSession): Step {
  return standing({
    id: "up",
    title: `pulumi up of ${plan.owner}`,
    does: `pulumi up of ${plan.owner}: the store learns the new keys, and forgets none`,
    run: async (context) => {
      await clearOurDeadLocks(await accessTo(session, plan.owner), logsOf(session));
      const cli = await ownerCli(session);
      await cli.up(watchOf(context), [], await cli.stateMark(context.signal));
    },
  });
}

function proveStep(plan: RotateKeysPlan, session: RotationSession): Step {
  return standing({
    id: "prove",
    title: "Prove the new keys",
    does: "prove that each new key reads and writes what it is for",
    run: () => proveKeys(plan, session),
  });
}

function useStep(plan: RotateKeysPlan, session: RotationSession): Step {
  const { environment } = plan;
  return standing({
    id: "use",
    title: `Give ${environment} its new key`,
    does: `write the new key of ${environment} encrypted into its settings`,
    run: async () => {
      const key = keyOf(await keysNow(session), environment, "environment");
      if (key === undefined || key.accessKey !== nextOwn(plan)) throw otherKeys(plan);
      if ((await ownAccessKey(session)) === key.accessKey) return;
      await writeKeys(session.site, session.siteStore, {
        keys: undefined,
        authority: undefined,
        own: { [environment]: key },
      });
    },
  });
}

const nextOwn = ({ keys }: RotateKeysPlan): string | undefined => keys.find(({ role }) => role === "environment")?.next;

function previewStep({ environment }: RotateKeysPlan, { site, context }: RotationSession): Step {
  return standing({
    id: "preview",
    title: `Preview ${environment}`,
    does: `prove that ${environment} works with its new key: pulumi preview`,
    run: async ({ signal }) => {
      const compared = await compareEnvironment(site.reread(environment), context.io.environment, signal);
      if (compared.compared) return;
      throw new CommandError(`${environment} does not work with its new key: ${compared.why}`, {
        exitCode: exitCodes.failed,
        hint: `see why: ${compared.command}`,
      });
    },
  });
}

function removeStep(plan: RotateKeysPlan, session: RotationSession): Step {
  return standing({
    id: "remove",
    title: "Remove the former keys",
    does: `remove ${formerOf(plan)} from the store, with every key that they have made for themselves`,
    run: async () => {
      // What was proven and used may be long ago.
      const keys = await keysNow(session);
      const kept = new Set([...pairsOf(keys).map(({ accessKey }) => accessKey), await ownAccessKey(session)]);
      const former = plan.keys.map(({ former: name }) => name);
      if (former.some((name) => kept.has(name)) || !kept.has(nextOwn(plan))) throw otherKeys(plan);
      await proveKeys(plan, session);
      await requireNoLock(await accessTo(session, plan.environment));
      const admin = adminOf(session, keys);
      for (const name of former) {
        await admin.removeUser(name);
        await admin.removePolicy(name);
      }
      const { users, accounts } = await admin.identities();
      const left = former.filter((name) => users.includes(name) || accounts.has(name));
      if (left.length === 0) return;
      throw new CommandError(`the store still has ${listed(left)}, or keys that they have made`, {
        exitCode: exitCodes.failed,
      });
    },
  });
}
