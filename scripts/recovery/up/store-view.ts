import { formatMoment } from "../../terminal/durations";
import { shellQuote } from "../../machine/shell-quote";
import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import type { SiteStore } from "../../project/state-store";
import type { SiteKeys } from "../steps/state/site-keys";
import { tracesOf } from "../steps/state/copies/traces";
import { lostWholly, stateLost } from "../steps/state/lost-state";
import { lastSeen, seenFile } from "../steps/state/seen-state";
import type { StackLook } from "./backend-state";
import type { UpPlan } from "./plan";
import type { StackWork } from "./stack-work";

/** The site's store as a plan sees it. */
export interface StoreView {
  readonly store: SiteStore;
  /** Why it cannot be used now. */
  readonly trouble: string | undefined;
  /** Something answers at its address. */
  readonly isThere: boolean;
  readonly keys: SiteKeys;
}

/** An environment in the store needs it, now or after an earlier part of the plan. */
export function requireStore(
  { selector }: StackWork,
  view: StoreView,
  before: readonly UpPlan[],
  blocked: ReadonlyMap<string, ExitCode>,
): void {
  const { store, trouble } = view;
  const owner = store.environment.name;
  const exitCode = blocked.get(owner);
  if (exitCode !== undefined) {
    throw new CommandError(`its state is to be in the store that ${owner} makes, and ${owner} cannot be brought up`, {
      exitCode,
    });
  }
  if (trouble !== undefined && !isMade(view, before)) throw storeDown(trouble, selector);
}

/** Whether an earlier part of the plan makes the store. */
export function isMade({ store }: StoreView, before: readonly UpPlan[]): boolean {
  return before.some(({ environment, wait }) => environment === store.environment.name && wait);
}

/**
 * What this machine knows of a state that the store cannot be asked about: then it is not new.
 *
 * @throws CommandError (14)
 */
export function requireNew({ environment, selector, state }: StackWork, { store, trouble }: StoreView): void {
  const seen = lastSeen(state);
  if (seen === undefined) return;
  const when = formatMoment(seen.modified);
  throw new CommandError(
    `the state store at ${store.endpoint} held a state of ${environment.name} of ${when}, and cannot be asked now: ${trouble ?? "it is to be made anew"}`,
    {
      exitCode: exitCodes.unavailable,
      hint: `start it; or go on without it: lifeboat state fallback ${selector}; or, where it is lost: lifeboat rebuild state-store; or, if nothing of it is wanted any more: rm ${shellQuote(seenFile(state))}`,
    },
  );
}

/**
 * Whoever can be asked says that there is no state: what this machine knows of it is then lost.
 *
 * @throws CommandError (14)
 */
export async function requireNotLost(
  { site, environment, selector, context }: StackWork,
  stored: StackLook | undefined,
): Promise<void> {
  if (stored?.checkpoint !== undefined) return;
  const lost = await lostWholly(tracesOf(site, environment, context.io));
  if (lost !== undefined) throw stateLost(selector, "the state store", lost);
}

export function inFallback(name: string): CommandError {
  return new CommandError("a state of it is on this machine, and another one is in the store", {
    exitCode: exitCodes.refused,
    hint: `bring it back to the store first: lifeboat state return ${name}`,
  });
}

/** Somebody has taken the keys out of the settings: new ones would be of a second store, with nothing in it. */
export function strangeStore({ endpoint }: SiteStore, name: string): CommandError {
  return new CommandError(
    `something answers at ${endpoint}, and the settings of ${name} hold no keys of a state store`,
    {
      exitCode: exitCodes.refused,
      hint: `put lifeboat:stateStoreKeys and lifeboat:stateStoreAuthority back (git log -p Pulumi.${name}.yaml), or choose an address that is free`,
    },
  );
}

export function storeDown(trouble: string, name: string): CommandError {
  return new CommandError(trouble, {
    exitCode: exitCodes.unavailable,
    hint: `start it; or go on without it: lifeboat state fallback ${name}; or, where it is lost: lifeboat rebuild state-store`,
  });
}
