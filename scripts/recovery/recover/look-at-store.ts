import { failureOf } from "../../clients/failure";
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
  const rebuild = await openRebuild(site, siteStore, context, asked);
  let states: RebuildPlan;
  try {
    states = await lookAtStates(rebuild);
  } catch (error) {
    context.signal.throwIfAborted();
    const { reason, hint, exitCode, stack } = failureOf(error, undefined);
    // A wrong passphrase opens nothing, whatever is done first.
    if (stack !== undefined || exitCode === exitCodes.passphrase) throw error;
    const why = { why: reason, ...(hint === undefined ? {} : { mend: hint }) };
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
