import { pulumiLine } from "../../../site/plain-pulumi";
import { shellQuote } from "../../machine/shell-quote";
import { failureOf } from "../../clients/failure";
import { StoreError } from "../../clients/object-store/object-store";
import { withLeftOver } from "../../clients/pulumi-cli/losses";
import { lockText, PulumiFailure } from "../../clients/pulumi-cli/pulumi-cli";
import { isOurDead } from "../../clients/pulumi-cli/started-runs";
import { CommandError } from "../../terminal/command-error";
import { type ExitCode, exitCodes } from "../../terminal/exit-codes";
import { backendOf, lastLogin, localBackend, localStates, storeUrl } from "../../project/backend";
import { journalsOf, unfinished } from "../engine/session";
import { isComplete } from "../steps/state/site-keys";
import type { StackLook } from "./backend-state";
import { missingDataPasswords } from "./data-passwords";
import { tokensToHandOver, watcherOf } from "./hand-over";
import { isVisitedAgain } from "./second-visit";
import { missingMonitoringKeys } from "./monitoring-keys";
import type { StackWork } from "./stack-work";
import {
  inFallback,
  isMade,
  requireNew,
  requireNotLost,
  requireStore,
  storeDown,
  strangeStore,
  type StoreView,
} from "./store-view";
import type { SitePlan } from "./site-plan";
import { stateIn } from "./state-written";
import type { Journal } from "../engine/journal";
import { isIdle, type UpPlan, upKind, upPlanSchema } from "./plan";

/**
 * Looks at one environment and decides what is to be done. Changes nothing.
 *
 * @throws Error that says why nothing can be done with it.
 */
export async function planStack(work: StackWork, shared: SitePlan): Promise<UpPlan> {
  try {
    const plan = withKeys(await planOne(work, shared), shared);
    shared.plans.push(plan);
    return plan;
  } catch (error) {
    shared.blocked.set(work.selector, failureOf(error, undefined).exitCode);
    throw error;
  }
}

async function planOne(work: StackWork, shared: SitePlan): Promise<UpPlan> {
  const { view, plans, blocked } = shared;
  // `pulumi` says nothing that helps of a passphrase that does not fit.
  if (work.environment.encryptionSalt() !== undefined) await work.environment.secretBox();
  const backend = backendOf(work.environment, work.context.io.environment);
  const isStores = view !== undefined && (backend.origin === "state store" || backend.origin === "local state");
  const { closed = false, ...draft } = isStores
    ? await planInStore(work, view, plans, blocked)
    : await planElsewhere(work, backend.url);
  const makesKeys = view?.keys.keys !== undefined || view?.keys.authority !== undefined;
  // Before the keys are written, or known to the store, a preview could not use them.
  const monitoringKeys = await missingMonitoringKeys(work);
  const dataPasswords = await missingDataPasswords(work);
  const isLacking = monitoringKeys.length + dataPasswords.length > 0;
  const getsKeys = view?.keys.recovery[work.selector] !== undefined;
  const lacksKeys = isLacking || getsKeys || (makesKeys && work.selector === view?.store.environment.name);
  const isBlind = draft.init || closed || lacksKeys;
  const handsOver = watcherOf(work.site) === work.selector && !isVisitedAgain(work.selector, shared);
  const handOver = handsOver ? await tokensToHandOver(work) : [];
  const seen = isBlind ? draft : await previewed(work, draft);
  const plan: UpPlan = {
    ...seen,
    ...(handOver.length === 0 ? {} : { handOver, up: true }),
    ...(monitoringKeys.length === 0 ? {} : { monitoringKeys: [...monitoringKeys], up: true }),
    ...(dataPasswords.length === 0 ? {} : { dataPasswords, up: true }),
  };
  // Where an earlier run died after everything else, only the copy is left.
  const isChanged = !isIdle(plan) || unfinished(journalsOf(work), upKind) !== undefined;
  return { ...plan, copy: isStores && plan.place === "store" && isChanged };
}

/** `closed`: its own key does not open the bucket yet. */
type Draft = UpPlan & { readonly closed?: boolean };

const nothing = { keys: [], deadLocks: [], init: false, move: "no", wait: false, up: true, copy: false } as const;

async function planElsewhere(work: StackWork, url: string): Promise<Draft> {
  const local = localBackend(work.environment.project, work.context.io.environment);
  const look = await work.look(url);
  if (look?.closed !== undefined) throw unusable(look.closed);
  const place = url === local.url ? "here" : "named";
  const exists = look === undefined ? await isListed(work, url) : look.checkpoint !== undefined;
  return {
    ...nothing,
    keys: [],
    environment: work.selector,
    place,
    url,
    deadLocks: deadLocks(work, look),
    init: !exists,
  };
}

/** Nobody but its owner makes a bucket that somebody has named. */
function unusable(why: string): CommandError {
  return new CommandError(why, {
    exitCode: exitCodes.unavailable,
    hint: "make the bucket, or name another backend: PULUMI_BACKEND_URL, backend.url in Pulumi.yaml",
  });
}

async function isListed(work: StackWork, url: string): Promise<boolean> {
  return (await (await work.cli(url)).list(work.context.signal)).includes(work.selector);
}

async function planInStore(
  work: StackWork,
  view: StoreView,
  before: readonly UpPlan[],
  blocked: ReadonlyMap<string, ExitCode>,
): Promise<Draft> {
  const { selector, environment, context } = work;
  const here = localBackend(environment.project, context.io.environment).url;
  const there = storeUrl(view.store, selector);
  const isOwner = selector === view.store.environment.name;
  const isLocal = localStates(environment.project, selector, context.io.environment).length > 0;
  const local = isLocal ? await work.look(here) : undefined;
  const stored = view.trouble === undefined ? await work.look(there, view.keys.own[selector]) : undefined;
  const common = {
    ...nothing,
    closed: stored?.closed !== undefined,
    keys: [],
    environment: selector,
    deadLocks: [...deadLocks(work, local), ...deadLocks(work, stored)],
  };
  const holds = (stored?.checkpoint?.resources.length ?? 0) > 0;
  if (isLocal && work.isInFallback) {
    if (view.trouble === undefined) throw inFallback(selector);
    return { ...common, place: "here", url: here };
  }
  if (isLocal) {
    if (holds && !hasMoved(work)) throw inFallback(selector);
    if (holds) return { ...common, place: "store", url: there, move: "before-up" };
    if (isOwner) return { ...common, place: "store", url: here, move: "after-up", wait: true };
    return view.trouble === undefined || isMade(view, before)
      ? { ...common, place: "store", url: there, move: "before-up" }
      : { ...common, place: "here", url: here };
  }
  if (isOwner) return planOwner(work, view, stored, { ...common, place: "store", url: there });
  requireStore(work, view, before, blocked);
  await refuseStray(work, stored);
  if (stored === undefined) requireNew(work, view);
  if (stored !== undefined) await requireNotLost(work, stored);
  return { ...common, place: "store", url: there, init: stored?.checkpoint === undefined };
}

/** The stack that makes the store, without a state on this machine. */
async function planOwner(
  work: StackWork,
  view: StoreView,
  stored: StackLook | undefined,
  common: Draft,
): Promise<Draft> {
  const { store, keys, trouble, isThere } = view;
  if (stored?.checkpoint !== undefined) return common;
  const here = localBackend(work.environment.project, work.context.io.environment).url;
  const first: Draft = { ...common, url: here, init: true, move: "after-up", wait: true };
  if (store.store.kind === "service") {
    if (trouble !== undefined) throw storeDown(trouble, work.selector);
    await requireNotLost(work, stored);
    return stored === undefined || stored.closed !== undefined ? first : { ...common, init: true };
  }
  if (keys.first && isThere) throw strangeStore(store, work.selector);
  if (keys.first || hasBegun(work)) {
    requireNew(work, view);
    return first;
  }
  if (trouble !== undefined) throw storeDown(trouble, work.selector);
  throw new CommandError(`the state store at ${store.endpoint} is there, and holds no state of ${work.selector}`, {
    exitCode: exitCodes.refused,
    hint: `see what it held: lifeboat restore state ${work.selector} --list --versions`,
  });
}

/** A state that `pulumi login` points to is not left behind: a second one would make everything again. */
async function refuseStray(work: StackWork, stored: StackLook | undefined): Promise<void> {
  if (stored?.checkpoint !== undefined) return;
  const { environment, context } = work;
  const url = lastLogin(context.io.environment);
  if (url === undefined || url === localBackend(environment.project, context.io.environment).url) return;
  if ((await lookIfThere(work, url))?.checkpoint === undefined) return;
  throw new CommandError(`its state is kept in ${url} (last login), and not in the store yet`, {
    exitCode: exitCodes.refused,
    hint: `move it: eval "$(lifeboat env ${work.selector})" && pulumi stack migrate ${shellQuote(url)} ${work.selector}`,
  });
}

/** @throws CommandError (14) where it cannot be found out: it may hold the state. An old login whose bucket is gone does not. */
async function lookIfThere(work: StackWork, url: string): Promise<StackLook | undefined> {
  try {
    return await work.look(url);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new CommandError(`whether its state is in ${url} (last login) is not known: ${error.message}`, {
      exitCode: exitCodes.unavailable,
      hint: `let it answer; or, if it holds nothing of ${work.selector}: pulumi logout ${shellQuote(url)}`,
    });
  }
}

/** @throws PulumiFailure (11) for a lock that is not known to be of a run that Lifeboat has started here and that has ended */
function deadLocks({ selector: stack, logs }: StackWork, look: StackLook | undefined): string[] {
  const locks = look?.locks ?? [];
  const alive = locks.filter((lock) => !isOurDead(lock, logs));
  if (alive.length === 0) return locks.map(lockText);
  throw new PulumiFailure(
    alive.map(lockText).join("; "),
    "locked",
    `wait until it has ended, then the same command; if that process is dead: ${pulumiLine(stack, "cancel --yes")}`,
    alive,
  );
}

/** What `up` would change. A stack that is as its program says is left alone. */
async function previewed(work: StackWork, draft: UpPlan): Promise<UpPlan> {
  const { environment, context } = work;
  const here = localBackend(environment.project, context.io.environment).url;
  const url = draft.move === "before-up" ? here : draft.url;
  const cli = await work.cli(url);
  const { checkpoint, written } = await stateIn(work, url);
  const { pending, resources } = checkpoint;
  const { changes, ...preview } = await cli.preview(context.signal);
  const losses = withLeftOver(preview.losses, resources);
  const isChanged = losses.length > 0 || Object.keys(changes).length > 0;
  return { ...draft, state: written, changes: { ...changes }, losses, up: pending.length > 0 || isChanged };
}

/** Keys are written before anything else, by whoever comes first. */
function withKeys(plan: UpPlan, { view, plans }: SitePlan): UpPlan {
  if (view === undefined || plans.length > 0 || isComplete(view.keys)) return plan;
  return { ...plan, keys: [...view.keys.made] };
}

/** Whether the copy in the store is this command's own doing, and nobody has moved the state otherwise since. */
function hasMoved(work: StackWork): boolean {
  for (const journal of journalsOf(work)) {
    if (journal.contents.kind !== upKind || journal.record("archive")?.state === "done") return false;
    if (journal.record("move") !== undefined) return true;
  }
  return false;
}

/** Whether this command has made the keys, and nothing with them yet: no run of it came as far as a stack. */
function hasBegun(work: StackWork): boolean {
  const runs = journalsOf(work).filter(({ contents }) => contents.kind === upKind);
  return runs.length > 0 && runs.every(isBeforeStack);
}

function isBeforeStack(journal: Journal): boolean {
  const { init, move } = upPlanSchema.pick({ init: true, move: true }).parse(journal.contents.plan);
  return init && move === "after-up" && journal.record("init")?.state !== "done";
}
