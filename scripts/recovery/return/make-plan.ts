import { counted } from "../../terminal/text";
import { movedSince } from "../../../site/state-copies/moves";
import { stateDigest } from "../../../site/state-copies/state-digest";
import { savedId } from "../../../site/state/restore-points";
import { diffStates, type OpenSecret, type StateDiff } from "../../../site/state/state-diff";
import { savedKey } from "../../../site/state/state-keys";
import { ownAddresses } from "../../../site/state/own-addresses";
import { storeTrouble } from "../../project/store-health";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { digestOf, type Inputs } from "../engine/digest";
import type { StackSession } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import { type FallbackRecord, readRecord } from "../steps/state/fallback-record";
import type { LiveAndLocal } from "../steps/state/live-and-local";
import { requireOwnParts } from "../steps/state/own-parts";
import { requireNoLock } from "../steps/state/pulumi-lock";
import { rememberSeen } from "../steps/state/seen-state";
import { findPresent, type PresentState, readPresent } from "../steps/state/present-state";
import { hasLater, listStack, type StackObjects } from "../steps/state/stack-objects";
import { whyOlder } from "../steps/state/why-older";
import type { Planned } from "../engine/operation";
import { shut, StateSecrets } from "../steps/state/state-secrets";
import { differenceWords } from "./difference-words";
import type { ReturnPlan } from "./plan";

/** Which of two states that both moved is to live on. */
export type Keep = "local" | "store";

/**
 * Compares both states with what the fallback began with.
 *
 * @throws CommandError (11), (12), (13) where there is nothing to return, or both moved and nobody said which to keep; (14)
 */
export async function planReturn(
  session: StackSession,
  states: LiveAndLocal,
  keep: Keep | undefined,
): Promise<Omit<Planned<ReturnPlan>, "view">> {
  const { selector } = session;
  const record = await findRecord(session, states);
  await requireStore(session, states);
  await requireNoLock(states.local);
  await requireNoLock(states.store);
  const both = await readBoth(session, states);
  const { local, stored, unusable, opening } = both;
  if (record === undefined && isEmpty(both)) throw neverMoved(selector);
  if (keep === undefined && stored === undefined) refuseLaterHistory(selector, states, both);
  const { moved, difference } = compare(record, local, stored, opening);
  if (moved === "both" && keep === undefined) throw bothMoved(selector, difference);
  const chosen: Keep = keep ?? (moved === "local" ? "local" : "store");
  if (chosen === "store" && stored === undefined) throw noneInStore(selector);
  requireOwn(session, states, both, chosen);
  if (keep === undefined && moved !== "neither") await refuseStale(selector, states, both, chosen);
  const plan: ReturnPlan = {
    environment: selector,
    store: states.store.store.place,
    local: states.local.store.place,
    moved,
    keep: chosen,
    present: { object: local.object.key, sha256: local.sha256 },
    ...(stored === undefined ? {} : { stored: { object: stored.object.key, sha256: stored.sha256 } }),
    ...(unusable === undefined ? {} : { unusable }),
    ...keptOf(states, chosen, local, stored),
    difference,
  };
  const question =
    chosen === "local" ? `Bring the state of ${selector} back to the store?` : `Go on with the state in the store?`;
  const demands = [{ flag: forceFlag, reason: "the plan is not confirmed", question }];
  return { plan, demands, inputs: returnInputs(local.sha256, stored?.sha256) };
}

/** The one that lives on. @throws CommandError (13) */
function requireOwn(
  { context, environment }: StackSession,
  { local: { place } }: LiveAndLocal,
  both: BothStates,
  kept: Keep,
): void {
  const state = kept === "local" ? both.local : both.stored;
  const what = kept === "local" ? "the state on this machine" : "the state in the store";
  const own = { place, addresses: ownAddresses(environment.settings), variables: context.io.environment };
  if (state !== undefined) requireOwnParts(own, state.checkpoint, what);
}

/** What a return rests on. */
function returnInputs(local: string | undefined, stored: string | undefined): Inputs {
  return {
    "the state on this machine": digestOf(local ?? null),
    "the state in the store": digestOf(stored ?? null),
  };
}

/** What a return would rest on now. @throws StoreError */
export async function inputsNow({ local, store }: LiveAndLocal): Promise<Inputs> {
  const [here, there] = await Promise.all([findPresent(local), findPresent(store)]);
  return returnInputs(here?.sha256, there?.checkpoint === undefined ? undefined : there.sha256);
}

/**
 * What the fallback began with; undefined for a state that is here without one: then nobody knows who has moved.
 *
 * @throws CommandError (13) where no state is here
 */
async function findRecord(
  { selector }: StackSession,
  { local, record }: LiveAndLocal,
): Promise<FallbackRecord | undefined> {
  const { present } = await listStack(local);
  if (present !== undefined) return readRecord(record);
  throw new CommandError(`the state of ${selector} is not on this machine`, {
    exitCode: exitCodes.refused,
    hint: "it lives in the store already: lifeboat status",
  });
}

/** Whether the store has nothing of the stack: with a history it has lost what was moved into it. */
function isEmpty({ stored, unusable, there }: BothStates): boolean {
  return stored === undefined && unusable === undefined && there.history.length + there.saved.length === 0;
}

function neverMoved(selector: string): CommandError {
  return new CommandError(`the state of ${selector} is on this machine because it was never moved into the store`, {
    exitCode: exitCodes.refused,
    hint: `lifeboat up ${selector} moves it`,
  });
}

/** @throws CommandError (14) */
async function requireStore({ context }: StackSession, { siteStore }: LiveAndLocal): Promise<void> {
  const trouble = await storeTrouble(siteStore, context.signal);
  if (trouble === undefined) return;
  throw new CommandError(trouble, {
    exitCode: exitCodes.unavailable,
    hint: "go on with the state on this machine; if the store is lost: lifeboat rebuild state-store",
  });
}

interface BothStates {
  readonly local: PresentState;
  readonly here: StackObjects;
  /** Undefined: the store has none that can be used. */
  readonly stored: PresentState | undefined;
  /** Why what lies in its place there is none. */
  readonly unusable: string | undefined;
  readonly there: StackObjects;
  readonly opening: OpenSecret;
}

/** @throws CommandError (12), (13) where the one here is damaged */
async function readBoth({ context, selector, state }: StackSession, states: LiveAndLocal): Promise<BothStates> {
  const [here, there] = await Promise.all([listStack(states.local), listStack(states.store)]);
  const local = here.present && (await readPresent(states.local, here.present));
  const stored = there.present && (await readPresent(states.store, there.present));
  if (local?.problem !== undefined) {
    throw new CommandError(`the state of ${selector} in ${states.local.store.place} is damaged: ${local.problem}`, {
      exitCode: exitCodes.refused,
      hint: `mend it first: lifeboat restore state ${selector} --list`,
    });
  }
  if (local?.checkpoint === undefined) throw new Error("The state on this machine was there a moment ago.");
  if (stored?.checkpoint !== undefined) rememberSeen(state, stored.object, stored.sha256);
  const secrets = new StateSecrets(selector, context.io.environment, context.redactor);
  const usable = stored?.checkpoint === undefined ? undefined : stored;
  const unusable = stored?.problem;
  return { local, here, stored: usable, there, unusable, opening: await opener(secrets, local, usable) };
}

/** Opens the secrets of both. @throws CommandError (12) */
async function opener(
  secrets: StateSecrets,
  local: PresentState,
  stored: PresentState | undefined,
): Promise<OpenSecret> {
  const here = await secrets.prove(local.checkpoint.keeper, "the state on this machine");
  const openHere = here.kind === "open" ? here.open : shut;
  if (stored === undefined) return openHere;
  const there = await secrets.try(stored.checkpoint.keeper);
  const openThere = there.kind === "open" ? there.open : shut;
  return (ciphertext) => openHere(ciphertext) ?? openThere(ciphertext);
}

function compare(
  record: FallbackRecord | undefined,
  local: PresentState,
  stored: PresentState | undefined,
  open: OpenSecret,
): { moved: ReturnPlan["moved"]; difference: string[] } {
  const digest = ({ checkpoint }: PresentState): string => stateDigest(checkpoint, open);
  const moved = movedSince(record?.base ?? "", digest(local), stored && digest(stored));
  if (stored === undefined) return { moved, difference: [] };
  const diff: StateDiff = diffStates({ checkpoint: stored.checkpoint, open }, { checkpoint: local.checkpoint, open });
  return { moved, difference: differenceWords(diff) };
}

function bothMoved(selector: string, difference: readonly string[]): CommandError {
  const shown = difference.length === 0 ? ["their outputs differ"] : difference;
  const text = `both the state on this machine and the one in the store have changed since the fallback:\n${shown.map((line) => `  ${line}`).join("\n")}`;
  const command = `lifeboat state return ${selector}`;
  return new CommandError(text, {
    exitCode: exitCodes.refused,
    hint: `say which lives on; the other stays as a restore point: ${command} --keep local, or ${command} --keep store`,
    details: { moved: "both", difference },
  });
}

function noneInStore(selector: string): CommandError {
  return new CommandError(`the store has no state of ${selector} that can be used`, {
    exitCode: exitCodes.refused,
    hint: `bring the one from here: lifeboat state return ${selector} --keep local`,
  });
}

/**
 * Nobody has said which state is to live on, and the one that has moved may be the older: a store that was brought back
 * from an old backup has moved, too.
 *
 * @throws CommandError (13)
 */
async function refuseStale(
  selector: string,
  states: LiveAndLocal,
  { local, here, stored, there }: BothStates,
  chosen: Keep,
): Promise<void> {
  if (stored === undefined) return;
  const sides = {
    local: { access: states.local, state: local, objects: here },
    store: { access: states.store, state: stored, objects: there },
  };
  const why = await (chosen === "local" ? whyOlder(sides.local, sides.store) : whyOlder(sides.store, sides.local));
  if (why === undefined) return;
  const names = { local: "the state on this machine", store: "the state in the store" };
  const newer = chosen === "local" ? "store" : "local";
  const command = `lifeboat state return ${selector} --keep`;
  const facts = [`${names.local}: ${factsOf(local, here)}`, `${names.store}: ${factsOf(stored, there)}`];
  throw new CommandError(
    [`${names[chosen]} would take the place of the other, and may be the older of the two: ${why}`, ...facts].join(
      "\n  ",
    ),
    {
      exitCode: exitCodes.refused,
      hint: `say which lives on; the other stays as a restore point: ${command} ${newer}, or ${command} ${chosen}`,
      details: { older: chosen, why },
    },
  );
}

/**
 * The store's own state is damaged or gone, and its history tells of an update that the state on this machine does not have.
 *
 * @throws CommandError (13)
 */
function refuseLaterHistory(selector: string, states: LiveAndLocal, { here, there }: BothStates): void {
  if (!hasLater(states.store, there, here)) return;
  const text = `the store has no state of ${selector} that can be used, and its history has a later update, which the state on this machine does not have`;
  throw new CommandError(text, {
    exitCode: exitCodes.refused,
    hint: `to go on with the one on this machine: lifeboat state return ${selector} --keep local; the updates in the store stay restore points: lifeboat restore state ${selector} --list`,
    details: { older: "local" },
  });
}

/** What a state says of itself. */
function factsOf({ checkpoint, made }: PresentState, { history }: StackObjects): string {
  const { manifest, resources } = checkpoint;
  const time = made === undefined ? "at a time that it does not tell" : `at ${new Date(made).toISOString()}`;
  return `made ${time} by Pulumi ${manifest.pulumi}, ${counted(resources.length, "resource")}, ${counted(history.length / 2, "update")} in its history`;
}

/** The state that does not live on, unless it is the same, byte by byte: nobody else may have it. */
function keptOf(
  { store }: LiveAndLocal,
  keep: Keep,
  local: PresentState,
  stored: PresentState | undefined,
): Pick<ReturnPlan, "kept"> {
  const [side, lost, winner] =
    keep === "local" ? (["store", stored, local] as const) : (["local", local, stored] as const);
  if (lost === undefined || winner === undefined || lost.sha256 === winner.sha256) return {};
  const before = winner.sha256.slice(0, 10);
  const key = savedKey(store.place, { time: Date.now(), before }, lost.compression);
  return { kept: { side, key, id: savedId(key) } };
}
