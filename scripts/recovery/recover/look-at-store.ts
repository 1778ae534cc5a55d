import { failureOf } from "../../clients/failure";
import { readPassphrase } from "../../project/passphrase-source";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { type Demand } from "../engine/consent";
import { hasOwnState, isWhole, lookAtStates, staleDemands } from "../rebuild/make-plan";
import type { RebuildPlan } from "../rebuild/plan";
import { openRebuild } from "../rebuild/world";
import type { StoreLook } from "./plan";
import type { SiteSession } from "./session";

/** The state store, and what its loss asks of the operator. */
interface SeenStore {
  readonly store: StoreLook;
  readonly demands: readonly Demand[];
}

/**
 * What is left of the state store. Undefined: the site has none, or the environment that makes it is not asked for.
 *
 * @param hasArchive whether the store's guest could come back from an archive, as far as that is known now
 * @throws CommandError (2) for copies that cannot be read as they are named, (12) for a passphrase that opens none
 */
export async function lookAtStore(
  session: SiteSession,
  hasArchive: (owner: string, guest: string) => Promise<boolean>,
): Promise<SeenStore | undefined> {
  const { site, context, asked, chosen } = session;
  const siteStore = session.environment.stateStore();
  const owner = siteStore?.environment.name;
  if (siteStore === undefined || owner === undefined || !chosen.some(({ name }) => name === owner)) return undefined;
  const base = { endpoint: siteStore.endpoint, owner };
  const opened = await openRebuild(site, siteStore, context, asked).catch((error: unknown) => {
    if (isLocked(error, session)) return error;
    throw error;
  });
  let states: RebuildPlan;
  try {
    if (opened instanceof Error) throw opened;
    states = await lookAtStates(opened);
  } catch (error) {
    context.signal.throwIfAborted();
    const { reason, hint, exitCode, stack } = failureOf(error, undefined);
    const isShut = isLocked(error, session);
    // A wrong passphrase opens nothing, whatever is done first; without any the guests come back.
    if (stack !== undefined || (exitCode === exitCodes.passphrase && !isShut)) throw error;
    const text = isShut
      ? `whether it holds every state, and how it is made again, needs the passphrase: ${reason}`
      : reason;
    const why = { why: text, ...(hint === undefined ? {} : { mend: hint }) };
    return { store: { ...base, way: "none", ...why }, demands: [] };
  }
  if (isWhole(states)) return { store: { ...base, way: "there", states }, demands: [] };
  if (hasOwnState(states)) return { store: { ...base, way: "rebuild", states }, demands: staleDemands(states) };
  const { store } = siteStore;
  if (store.kind === "container" && (await hasArchive(owner, store.guest))) {
    return { store: { ...base, way: "guest", states }, demands: [] };
  }
  return {
    store: {
      ...base,
      way: "none",
      states,
      why: `${states.from} holds no copy of the state of ${owner} that can be used, and its guest has no archive`,
      mend: `name another place with copies: --from offsite, --from FOLDER; where there is none: lifeboat state import-file ${owner}`,
    },
    demands: [],
  };
}

/** Whether something stays shut since nobody has given the passphrase. A wrong one is none of that. */
function isLocked(error: unknown, { chosen, context }: SiteSession): error is CommandError {
  if (!(error instanceof CommandError) || error.exitCode !== exitCodes.passphrase) return false;
  return chosen.some(({ name }) => readPassphrase(name, context.io.environment).kind !== "given");
}
