import { isRenamed, withNewNames } from "../steps/state/rename-state";
import { writtenMapping } from "../../../site/replaced-node/node-mapping";
import { formatMoment } from "../../terminal/durations";
import { type StoredObject, StoreError } from "../../clients/object-store/object-store";
import { ownAddresses } from "../../../site/state/own-addresses";
import { lastingHealth } from "../../project/store-health";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { localStates } from "../../project/backend";
import type { LoadedEnvironment } from "../../project/environment";
import type { Demand } from "../engine/consent";
import { digestOf } from "../engine/digest";
import { StateFolder } from "../engine/state-folder";
import { forceFlag } from "../engine/settle-demands";
import { planKeys } from "../steps/state/site-keys";
import { copyFacts, findCopied, listCopy, staleSince } from "../steps/state/copies/copy-facts";
import { lastSeen } from "../steps/state/seen-state";
import { requireOwnParts } from "../steps/state/own-parts";
import { readPresent } from "../steps/state/present-state";
import { hasLater, listStack, newestEntry, type StackObjects } from "../steps/state/stack-objects";
import type { Planned } from "../engine/operation";
import type { StateAccess } from "../steps/state/state-access";
import { StateSecrets } from "../steps/state/state-secrets";
import type { RebuildPlan, RebuiltEnvironment } from "./plan";
import { bucketAccess, copyAccess, type RebuildSession } from "./world";
import { staleFlag } from "../steps/state/copies/flags";
import { requireRights, rightsFor } from "../steps/guest/rights";

/**
 * Looks at the container, the store, the copies and this machine, and proves that the passphrase opens every copy.
 *
 * @throws CommandError (10) without the state of the store's own environment, (12), (13) when nothing is missing;
 *   ProxmoxError when the node does not answer
 */
export async function planRebuild(session: RebuildSession): Promise<Omit<Planned<RebuildPlan>, "view">> {
  const plan = await lookAtStates(session);
  requireWork(plan);
  const copies = plan.environments.map(({ copy }) => copy?.sha256);
  return { plan, demands: demandsOf(plan), inputs: { copies: digestOf(copies) } };
}

/**
 * What is there of the store and of every state, whether or not anything has to be done about it.
 *
 * @throws CommandError (12), (14); ProxmoxError when the node does not answer
 */
export async function lookAtStates(session: RebuildSession): Promise<RebuildPlan> {
  const { site, siteStore, context, place, mapping } = session;
  const { trouble, isThere } = await lastingHealth(siteStore, context.signal);
  // What answers is not lost: its states may be newer than the copies.
  if (trouble !== undefined && isThere) throw cannotKnow(trouble);
  const environments: RebuiltEnvironment[] = [];
  for (const name of site.environmentNames) {
    environments.push(await lookAt(session, site.environment(name), trouble === undefined));
  }
  const keys = await planKeys(site, siteStore, context);
  const guest = await lookAtGuest(session);
  return {
    owner: siteStore.environment.name,
    endpoint: siteStore.endpoint,
    kind: siteStore.store.kind,
    ...(guest === undefined ? {} : { guest }),
    answers: trouble === undefined,
    from: place.name,
    keys: [...keys.made],
    environments,
    ...(mapping === undefined || !isRenamed({ settings: siteStore.environment }, mapping)
      ? {}
      : { map: writtenMapping(mapping) }),
  };
}

async function lookAt(
  session: RebuildSession,
  environment: LoadedEnvironment,
  answers: boolean,
): Promise<RebuiltEnvironment> {
  const { context, place } = session;
  const { name, project, settings } = environment;
  const variables = context.io.environment;
  const access = copyAccess(session, environment);
  const objects = await listCopy(access);
  const present = objects.present && (await readPresent(access, objects.present));
  const { history, ...found } = answers ? await storedState(session, environment) : { stored: false, history: [] };
  const base = { name, local: localStates(project, name, variables).length > 0, ...found };
  if (present === undefined) return base;
  if (present.checkpoint === undefined) return { ...base, damaged: present.problem };
  const what = `the copy of ${name} in ${place.name}`;
  const addresses = ownAddresses(settings);
  requireOwnParts(
    { ...access, addresses, variables },
    withNewNames(present.checkpoint, environment, session.mapping),
    what,
    "name another place with copies: --from FOLDER",
  );
  const secrets = new StateSecrets(name, variables, context.redactor);
  await secrets.prove(present.checkpoint.keeper, what);
  const facts = await copyFacts(access, objects, present);
  const seen = lastSeen(new StateFolder({ environment: name, endpoint: settings.proxmox.endpoint }, variables));
  const isBehind = !base.stored && hasLater(access, { history }, objects);
  const since = staleSince(facts, seen) ?? (isBehind ? timeOfNewest(access, history) : undefined);
  return {
    ...base,
    copy: {
      object: facts.object,
      sha256: facts.sha256,
      ...(facts.time === undefined ? {} : { time: facts.time }),
      ...(facts.made === undefined ? {} : { made: facts.made }),
      duringUpdate: facts.duringUpdate,
      points: objects.history.filter(({ key }) => key.includes(".checkpoint.")).length + objects.saved.length,
    },
    ...(since === undefined ? {} : { staleSince: since }),
  };
}

/** When the newest update of a history ended, milliseconds since 1970. */
function timeOfNewest(access: StateAccess, history: readonly StoredObject[]): number {
  return Number(BigInt(newestEntry(access, { history }) ?? 0) / 1_000_000n);
}

/** Digests of the copies that can be read, by environment. */
export async function copiesNow(session: RebuildSession): Promise<Record<string, string | undefined>> {
  const { site } = session;
  const found = site.environmentNames.map(async (name) => {
    const state = await findCopied(copyAccess(session, site.environment(name)));
    return [name, state?.sha256] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}

type StoredState = Pick<RebuiltEnvironment, "stored" | "unreadable"> & Pick<StackObjects, "history">;

/**
 * What a store that answers has of an environment. It may have lost its buckets; where it refuses the environment's key, whoever
 * runs it is asked. A refusal is not taken for a loss: an old copy would go over what is there.
 *
 * @throws StoreError (14), CommandError (12)
 */
async function storedState(session: RebuildSession, environment: LoadedEnvironment): Promise<StoredState> {
  const access = await bucketAccess(session, environment);
  try {
    return await lookIn(access);
  } catch (error) {
    if (!(error instanceof StoreError) || error.kind !== "denied") throw error;
    const root = await access.root?.();
    if (root === undefined) throw error;
    return await lookIn({ ...access, store: root });
  }
}

async function lookIn(access: StateAccess): Promise<StoredState> {
  try {
    const { present, history } = await listStack(access);
    if (present === undefined) return { stored: false, history };
    const { problem } = await readPresent(access, present);
    return problem === undefined ? { stored: true, history } : { stored: false, unreadable: problem, history };
  } catch (error) {
    if (error instanceof StoreError && error.kind === "no-bucket") return { stored: false, history: [] };
    throw error;
  }
}

/** The store's container, where it is in one. @throws ProxmoxError */
export async function lookAtGuest({ site, siteStore }: RebuildSession): Promise<RebuildPlan["guest"]> {
  const { store, environment } = siteStore;
  if (store.kind === "service") return undefined;
  const guest = environment.guests.find(({ name }) => name === store.guest);
  if (guest === undefined) return undefined;
  const client = await site.environment(environment.name).client();
  const exists = (await client.cluster.guests()).some(({ vmid }) => vmid === guest.id);
  // One that may not be seen is in no list either: it is not gone.
  if (!exists) await requireRights(client, rightsFor(["VM.Audit"], { guests: [guest.id] }));
  return { name: guest.name, id: guest.id, exists };
}

function cannotKnow(trouble: string): CommandError {
  return new CommandError(`${trouble}: what it holds cannot be seen`, {
    exitCode: exitCodes.unavailable,
    hint: "let it work again; if it is lost for good: stop it, then the same command",
  });
}

/** Whether the store answers and lacks no state that a copy could bring back. */
export function isWhole({ answers, environments }: RebuildPlan): boolean {
  return answers && environments.every(({ stored, copy, local }) => stored || local || copy === undefined);
}

/** Whether there is a state of the environment whose stack makes the store: without one it cannot be made again. */
export function hasOwnState({ owner, environments }: RebuildPlan): boolean {
  const own = environments.find(({ name }) => name === owner);
  return own?.copy !== undefined || own?.local === true || own?.stored === true;
}

/** @throws CommandError (10), (13) */
function requireWork(plan: RebuildPlan): void {
  const { owner, environments, from, endpoint } = plan;
  if (isWhole(plan)) {
    throw new CommandError(`the state store at ${endpoint} answers, and holds the state of every environment`, {
      exitCode: exitCodes.refused,
      hint: "nothing has to be rebuilt: lifeboat status",
    });
  }
  if (hasOwnState(plan)) return;
  const own = environments.find(({ name }) => name === owner);
  const why = own?.damaged === undefined ? "holds no copy" : `holds a damaged copy (${own.damaged})`;
  throw new CommandError(`${from} ${why} of the state of ${owner}, whose stack makes the store`, {
    exitCode: exitCodes.nothing,
    hint: `name another place with copies: --from offsite, --from FOLDER; where there is none: lifeboat state import-file ${owner}`,
  });
}

function demandsOf(plan: RebuildPlan): Demand[] {
  const question = `Make the state store at ${plan.endpoint} again, with these states?`;
  return [...staleDemands(plan), { flag: forceFlag, reason: "the plan is not confirmed", question }];
}

/** What is lost with copies that are older than what the store was last seen with. */
export function staleDemands({ environments }: RebuildPlan): Demand[] {
  const stale = environments.flatMap(({ name, staleSince }) =>
    staleSince === undefined
      ? []
      : [
          `the store was last seen with a state of ${name} of ${formatMoment(staleSince)}, which is newer than its copy`,
        ],
  );
  if (stale.length === 0) return [];
  const reason = stale.join("; ");
  return [{ flag: staleFlag, reason, question: `${reason}. What came after is lost. Go on?` }];
}
