import { join } from "node:path";
import { type Checkpoint, type PendingOperation } from "../../../site/state/checkpoint";
import { parseHistoryEntry, type UpdateInfo } from "../../../site/state/history-entry";
import { integrityProblems, nameOf } from "../../../site/state/integrity";
import { type PointCandidate, pointOf, type RestorePoint, savedId } from "../../../site/state/restore-points";
import { diffStates, type NamedResource, type OpenSecret, type StateDiff } from "../../../site/state/state-diff";
import { checkpointStem, compressionOf, savedKey, suffixOf } from "../../../site/state/state-keys";
import { ownAddresses } from "../../../site/state/own-addresses";
import { unpack } from "../../clients/unpack";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { Demand } from "../engine/consent";
import { digestOf, type Inputs } from "../engine/digest";
import type { StackSession } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import { chooseListedPoint } from "../steps/state/choose-listed-point";
import { requireNoLock } from "../steps/state/pulumi-lock";
import { explained, problemOf } from "../steps/state/read-points";
import type { RestoreStatePlan } from "./plan";
import { readState, type ReadState, type StateAccess } from "../steps/state/state-access";
import { requireOwnParts } from "../steps/state/own-parts";
import { shut, StateSecrets } from "../steps/state/state-secrets";
import { type FoundState, findPresent } from "../steps/state/present-state";

/** The flag that accepts a half-written state. */
export const pendingFlag = "--accept-pending";

/** What was asked for. */
export interface PointWish {
  /** Id, beginning of an id, or time. */
  readonly to: string;
  /** Also among versions of objects. */
  readonly versions: boolean;
}

/** A plan with what people are told and asked about it. */
export interface PlannedStateRestore {
  /** Undefined where the point is the present state already. */
  readonly plan: RestoreStatePlan | undefined;
  readonly point: RestorePoint;
  readonly pending: readonly PendingOperation[];
  /** Undefined where the present state is not there, or damaged. */
  readonly diff: StateDiff | undefined;
  readonly remarks: readonly string[];
  readonly demands: readonly Demand[];
  readonly inputs: Inputs;
}

/**
 * Looks at the stack's state and decides how another takes its place. Reads only.
 *
 * @throws CommandError (2, 10, 11, 12, 13)
 */
export async function planStateRestore(
  session: StackSession,
  access: StateAccess,
  wish: PointWish,
): Promise<PlannedStateRestore> {
  await requireNoLock(access);
  const candidate = await chooseListedPoint(access, wish.to, wish.versions);
  const chosen = await readChosen(access, candidate);
  const variables = session.context.io.environment;
  const addresses = ownAddresses(session.environment.settings);
  requireOwnParts(
    { ...access, addresses, variables },
    chosen.checkpoint,
    `the restore point ${candidate.id}`,
    anotherOf(access),
  );
  const secrets = new StateSecrets(access.place.stack, variables, session.context.redactor);
  const opening = await secrets.prove(chosen.checkpoint.keeper, `restore point ${candidate.id}`);
  const present = await findPresent(access);
  const point = await describe(access, candidate, chosen, present?.sha256);
  const remarks = [
    ...(opening.kind === "no-passphrase" ? [`no passphrase was tried: ${opening.why}`] : []),
    ...remarksOf(point, present),
  ];
  const open = opening.kind === "open" ? opening.open : shut;
  const diff = await difference(secrets, present, { checkpoint: chosen.checkpoint, open });
  const plan = planOf(session, access, { candidate, chosen, present, point, diff });
  return {
    plan: present?.sha256 === chosen.sha256 ? undefined : plan,
    point,
    pending: chosen.checkpoint.pending,
    diff,
    remarks,
    demands: demandsOf(plan, point),
    inputs: inputsOf(access, present, chosen.sha256),
  };
}

/** What a restore rests on. Pulumi's lock is looked at by itself. */
export function inputsOf(
  { store, place }: StateAccess,
  present: { readonly object: { readonly key: string }; readonly sha256: string | undefined } | undefined,
  pointDigest: string,
): Inputs {
  return {
    "the present state": digestOf(
      present === undefined ? "none" : [present.object.key, present.sha256 ?? "unreadable"],
    ),
    "the restore point": digestOf(pointDigest),
    "the place of the state": digestOf([store.place, place]),
  };
}

/** @throws CommandError (13) when it is damaged, or of another stack */
async function readChosen(access: StateAccess, candidate: Chosen): Promise<ReadState> {
  try {
    const chosen = await readState(access, candidate.state);
    const [problem] = integrityProblems(chosen.checkpoint, access.place);
    if (problem !== undefined) throw damaged(access, candidate, problem);
    return chosen;
  } catch (error) {
    const problem = problemOf(error);
    throw problem === undefined ? explained(error) : damaged(access, candidate, problem);
  }
}

function damaged({ place }: StateAccess, { id }: PointCandidate, problem: string): CommandError {
  return new CommandError(`the restore point ${id} cannot be used: ${problem}`, {
    exitCode: exitCodes.refused,
    hint: anotherOf({ place }),
  });
}

function anotherOf({ place }: Pick<StateAccess, "place">): string {
  return `choose another: lifeboat restore state ${place.stack} --list`;
}

type Chosen = Awaited<ReturnType<typeof chooseListedPoint>>;

async function describe(
  { store }: StateAccess,
  candidate: Chosen,
  { sha256, checkpoint }: ReadState,
  presentDigest: string | undefined,
): Promise<RestorePoint> {
  const { entry } = candidate;
  const update = entry === undefined ? undefined : await readUpdate(store, entry);
  const { pending, resources } = checkpoint;
  const details = { sha256, pending, resources: resources.length, ...(update === undefined ? {} : { update }) };
  return pointOf(candidate, details, presentDigest);
}

async function readUpdate(
  store: StateAccess["store"],
  { key, versionId }: { readonly key: string; readonly versionId?: string },
): Promise<UpdateInfo | undefined> {
  try {
    return parseHistoryEntry(await unpack(await store.read(key, versionId)));
  } catch (error) {
    if (problemOf(error) === undefined) throw explained(error);
    return undefined;
  }
}

async function difference(
  secrets: StateSecrets,
  present: FoundState | undefined,
  chosen: { readonly checkpoint: Checkpoint; readonly open: OpenSecret },
): Promise<StateDiff | undefined> {
  if (present?.checkpoint === undefined) return undefined;
  const opening = await secrets.try(present.checkpoint.keeper);
  const open = opening.kind === "open" ? opening.open : shut;
  return diffStates({ checkpoint: present.checkpoint, open }, chosen);
}

function remarksOf(point: RestorePoint, present: FoundState | undefined): string[] {
  const { checkpoint, problem } = present ?? {};
  return [
    ...(point.status === "failed" ? [`${point.why ?? "its update failed"}: it tells what was there after that`] : []),
    ...(present === undefined ? ["the stack is not there now: it was removed, or never was in this backend"] : []),
    ...(problem === undefined ? [] : [damageWords(present, problem)]),
    ...(checkpoint?.pending ?? []).map(
      ({ type, urn }) => `the present state is half-written: it was ${type} ${nameOf(urn)}; look what became of it`,
    ),
    "the real world stays as it is: what was made since then goes on to exist, and what was deleted stays deleted",
  ];
}

function damageWords(present: FoundState | undefined, problem: string): string {
  if (present?.content !== undefined) return `the present state is damaged: ${problem}; it is kept as it is`;
  const key = present?.object.key ?? "";
  return `the present state (${key}): ${problem}; it cannot be kept, and its older versions are lost with it where the store kept them in one file`;
}

function planOf(
  session: StackSession,
  { store, place }: StateAccess,
  {
    candidate,
    chosen,
    present,
    point,
    diff,
  }: {
    candidate: Chosen;
    chosen: ReadState;
    present: FoundState | undefined;
    point: RestorePoint;
    diff: StateDiff | undefined;
  },
): RestoreStatePlan {
  const { key, versionId } = candidate.state;
  const target = `${checkpointStem(place)}${suffixOf(chosen.compression)}`;
  return {
    environment: session.environment.name,
    where: store.place,
    point: {
      id: candidate.id,
      source: candidate.source,
      time: candidate.time,
      key,
      ...(versionId === undefined ? {} : { versionId }),
      sha256: chosen.sha256,
      halfWritten: point.status === "half-written",
    },
    ...(present === undefined
      ? {}
      : present.content === undefined
        ? { unreadable: present.object.key }
        : { present: keptOf(session, place, present, candidate.id) }),
    target,
    others: present === undefined || present.object.key === target ? [] : [present.object.key],
    forgotten: (diff?.removed ?? []).flatMap(realThing),
    underWay: (present?.checkpoint?.pending ?? []).map(({ urn, type }) => ({ urn, type })),
  };
}

/** Components and providers are nothing in the real world. */
function realThing({ urn, name, type, id }: NamedResource): RestoreStatePlan["forgotten"] {
  return id === undefined || type.startsWith("pulumi:providers:") ? [] : [{ urn, name, type, id }];
}

/** Where the present state is kept. */
function keptOf(
  { state }: StackSession,
  place: StateAccess["place"],
  { object, content, sha256 }: Exclude<FoundState, { content: undefined }>,
  before: string,
): NonNullable<RestoreStatePlan["present"]> {
  const key = savedKey(place, { time: Date.now(), before }, compressionOf(content));
  const file = join(state.path, "states", `${place.stack}-${key.slice(key.lastIndexOf("/") + 1)}`);
  return { key: object.key, sha256, kept: { key, id: savedId(key), file } };
}

function demandsOf(plan: RestoreStatePlan, point: RestorePoint): Demand[] {
  const accept = {
    flag: pendingFlag,
    reason: `the restore point ${point.id} is half-written (${point.why ?? ""}): the real world may differ from it`,
    question: `The restore point ${point.id} is half-written: ${point.why ?? ""}. Take it nevertheless?`,
  };
  const force = {
    flag: forceFlag,
    reason: "the plan is not confirmed",
    question: `Make ${point.id} the state of ${plan.environment}?`,
  };
  return [...(plan.point.halfWritten ? [accept] : []), force];
}
