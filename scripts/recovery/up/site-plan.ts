import type { Profile } from "../../../site/settings/environment";
import { localStates, storeUrl } from "../../project/backend";
import type { CommandContext } from "../../project/context";
import type { Site } from "../../project/site";
import type { SiteStore } from "../../project/state-store";
import { storeHealth } from "../../project/store-health";
import { usageError } from "../../terminal/command-error";
import type { ExitCode } from "../../terminal/exit-codes";
import { planKeys } from "../steps/state/site-keys";
import { watcherOf } from "./hand-over";
import type { UpPlan } from "./plan";
import { StackWork } from "./stack-work";
import type { StoreView } from "./store-view";

/** What the plans of one run share: each is made with those before it in mind. */
export interface SitePlan {
  readonly site: Site;
  /** Environments in the order in which they are brought up. */
  readonly names: readonly string[];
  readonly view: StoreView | undefined;
  /** Plans that are made so far. */
  readonly plans: UpPlan[];
  /** Environments of which nothing can be done, with the exit code that says why. */
  readonly blocked: Map<string, ExitCode>;
}

/**
 * Decides which environments are brought up, and looks at the store that they share. Changes nothing.
 *
 * @param wanted names of environments; empty: all.
 * @throws CommandError (2, 12, 13) for what stops all of them.
 */
export async function openSitePlan(site: Site, wanted: readonly string[], context: CommandContext): Promise<SitePlan> {
  const chosen = chooseEnvironments(site, wanted);
  const store = site.environment(chosen[0] ?? "").stateStore();
  const view = store && (await viewOf(site, store, context));
  const names = view === undefined ? chosen : await withOwner(site, chosen, view, context);
  return { site, names, view, plans: [], blocked: new Map() };
}

const order: readonly Profile[] = ["prod", "monitoring", "lab"];

/** @throws CommandError (2) */
function chooseEnvironments(site: Site, wanted: readonly string[]): string[] {
  const names = wanted.length === 0 ? site.environmentNames : [...new Set(wanted)];
  if (names.length === 0) throw usageError("the project has no environment (Pulumi.<env>.yaml)");
  const watcher = watcherOf(site);
  // Who watches gets tokens that the others make.
  const rank = (name: string): number =>
    name === watcher ? order.length : order.indexOf(site.environment(name).settings.profile);
  return [...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

async function viewOf(site: Site, store: SiteStore, context: CommandContext): Promise<StoreView> {
  const keys = await planKeys(site, store, context);
  return { store, ...(await storeHealth(store, context.signal)), keys };
}

/** The environment that makes the store goes first, also unasked where the others cannot do without it. */
async function withOwner(
  site: Site,
  chosen: readonly string[],
  view: StoreView,
  context: CommandContext,
): Promise<string[]> {
  const owner = view.store.environment.name;
  const others = chosen.filter((name) => name !== owner);
  const isNeeded = others.length < chosen.length || !(await isSettled(new StackWork(site, owner, context, true), view));
  return isNeeded ? [owner, ...others] : others;
}

/** Whether the stack that makes the store is in it, and knows every key. */
async function isSettled(owner: StackWork, { store, keys, trouble }: StoreView): Promise<boolean> {
  if (keys.keys !== undefined || keys.authority !== undefined) return false;
  if (localStates(owner.environment.project, owner.selector, owner.context.io.environment).length > 0) return false;
  // While it does not answer nothing can be done with it; whoever needs it says so.
  if (trouble !== undefined) return true;
  return (await owner.look(storeUrl(store, owner.selector), keys.own[owner.selector]))?.checkpoint !== undefined;
}
