import { shellCredential, stateKeySource } from "../../../site/settings/credentials";
import { copierName, identityOf, readerOf } from "../../../site/state-store/names";
import { parseKeyPair } from "../../../site/state-store/keys";
import { type Backend, backendOf } from "../../project/backend";
import type { LoadedEnvironment } from "../../project/environment";
import { storeTrouble } from "../../project/store-health";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { requireNoLock } from "../steps/state/pulumi-lock";
import { isComplete, planKeys } from "../steps/state/site-keys";
import type { RenewedKey, RotateKeysPlan } from "./plan";
import { accessTo, adminOf, keyOf, keysNow, ownerCli, type RotationSession } from "./world";

/**
 * Decides which keys of an environment are replaced. Reads only. The environment that makes the store has the copier's, too.
 *
 * @throws CommandError (2, 11, 12, 13, 14) when it cannot or must not be done now
 */
export async function planRotation(session: RotationSession): Promise<RotateKeysPlan> {
  const { context, siteStore, site, selector } = session;
  const owner = siteStore.environment.name;
  const names = [...new Set([owner, selector])];
  for (const name of names) requireInStore(site.environment(name), session);
  const trouble = await storeTrouble(siteStore, context.signal);
  if (trouble !== undefined) throw new CommandError(trouble, { exitCode: exitCodes.unavailable });
  if (!isComplete(await planKeys(site, siteStore, context))) throw unsettled(owner, "its keys are not complete");
  for (const name of names) await requireNoLock(await accessTo(session, name));
  const { changes } = await (await ownerCli(session)).preview(context.signal);
  if (Object.keys(changes).length > 0) throw unsettled(owner, "its stack is not as its program says");
  return { environment: selector, owner, endpoint: siteStore.endpoint, keys: await renewedKeys(session) };
}

/** By what has put the state elsewhere. */
const waysIntoStore: Readonly<Partial<Record<Backend["origin"], (name: string) => string>>> = {
  "local state": (name) =>
    `bring it there first: lifeboat up ${name}; or, after a fallback: lifeboat state return ${name}`,
  PULUMI_BACKEND_URL: () => "unset PULUMI_BACKEND_URL",
};

/** @throws CommandError (2, 13) */
function requireInStore(environment: LoadedEnvironment, { context }: RotationSession): void {
  const { name } = environment;
  const variables = context.io.environment;
  const { origin, url } = backendOf(environment, variables);
  const given = shellCredential(stateKeySource, name, variables);
  if (given !== undefined) {
    throw usageError(
      `${given.variable} gives a key to the store, and the one in the settings is to be replaced`,
      `unset ${given.variable}`,
    );
  }
  if (origin === "state store") return;
  throw new CommandError(`the state of ${name} is not in the state store, but in ${url} (${origin})`, {
    exitCode: exitCodes.refused,
    hint: waysIntoStore[origin]?.(name) ?? "take backend.url out of Pulumi.yaml",
  });
}

function unsettled(owner: string, why: string): CommandError {
  return new CommandError(`${owner} makes the store, and ${why}; only the keys are to change`, {
    exitCode: exitCodes.refused,
    hint: `first: lifeboat up ${owner}`,
  });
}

async function renewedKeys(session: RotationSession): Promise<RenewedKey[]> {
  const { selector, siteStore } = session;
  const keys = await keysNow(session);
  const { accounts } = await adminOf(session, keys).identities();
  const isOwner = selector === siteStore.environment.name;
  const stamp = new Date().toISOString().replaceAll(/[-:]|\..*/gu, "");
  const renewed = (role: RenewedKey["role"], name: string): RenewedKey => {
    const former = keyOf(keys, selector, role)?.accessKey ?? name;
    return { role, former, next: `${name}@${stamp}`, made: accounts.get(former) ?? [] };
  };
  return [
    renewed("environment", identityOf(selector)),
    renewed("reader", readerOf(selector)),
    ...(isOwner ? [renewed("copier", copierName)] : []),
  ];
}

/** The access key in `lifeboat:stateKey` of an environment's settings, whatever the shell says. */
export async function ownAccessKey({ site, selector }: RotationSession): Promise<string | undefined> {
  const text = await site.reread(selector).secret("stateKey");
  return text === undefined ? undefined : parseKeyPair(text)?.accessKey;
}
