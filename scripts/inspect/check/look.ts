import { nodesOf } from "../../../site/needs";
import { longestGap } from "../../../site/policies/objectives";
import { ownAddresses } from "../../../site/state/own-addresses";
import { type Failure, failureOf } from "../../clients/failure";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/site";
import { readProofs } from "../../recovery/drill/history";
import { stateOf } from "../../recovery/engine/session";
import { StateSecrets } from "../../recovery/steps/state/state-secrets";
import type { Check as Finding } from "../doctor/check";
import { inspectAccess } from "../doctor/access";
import { statusOf, type EnvironmentStatus } from "../status/environment-status";
import type { GuestProblem } from "../status/declared";
import { problemsOfGuest } from "../status/guest-problems";
import { isTaken } from "../status/ownership";
import { inspectOffsite, type OffsiteStatus } from "../status/offsite-status";
import { type EnvironmentFacts, readEnvironment } from "../status/read-environment";
import { inspectState, type StateStatus } from "../status/state-status";
import { surroundingOf, type Surroundings } from "../status/surroundings";
import { inspectJournals, type JournalStatus } from "../status/unfinished";
import { checkpointProblems } from "../verify/verify-state";

/** A part of the look that failed does not take the others with it. */
export type Looked<Value> = { readonly value: Value } | { readonly failure: Failure };

/** What the nodes of an environment told. */
export interface NodeLook {
  readonly facts: EnvironmentFacts;
  readonly status: EnvironmentStatus;
  /** What is wrong with each guest, by its number. */
  readonly problems: ReadonlyMap<number, readonly GuestProblem[]>;
  /** Numbers of guests that others have. */
  readonly taken: ReadonlySet<number>;
  /** Longest time between two drills, seconds; undefined: the settings have none. */
  readonly drillGap: number | undefined;
}

/** A state, and whether the passphrase opens it. */
export interface StateLook {
  /** Undefined: it lies where only Pulumi reads it. */
  readonly status: StateStatus | undefined;
  /** Undefined: there is none that can be read. */
  readonly proof: { readonly resources: number; readonly problems: readonly string[] } | undefined;
}

export interface Look {
  readonly environment: LoadedEnvironment;
  readonly access: Looked<readonly Finding[]>;
  readonly nodes: Looked<NodeLook>;
  readonly state: Looked<StateLook>;
  readonly offsite: Looked<OffsiteStatus | undefined>;
  readonly journals: JournalStatus;
}

/** Looks at everything of an environment but its guests themselves, at the same time. Read only. */
export async function lookAt(
  environment: LoadedEnvironment,
  surroundings: Surroundings,
  context: CommandContext,
): Promise<Look> {
  const journals = inspectJournals(environment, context);
  const [access, nodes, state, offsite] = await Promise.all([
    looked(context, () => inspectAccess(environment)),
    looked(context, () => lookAtNodes(environment, surroundings, journals, context)),
    looked(context, () => lookAtState(environment, surroundings, context)),
    looked(context, () => inspectOffsite(environment, context)),
  ]);
  return { environment, access, nodes, state, offsite, journals };
}

/** Keeps what is somebody's fault; a defect of ours is thrown on. */
export async function looked<Value>(
  { signal }: Pick<CommandContext, "signal">,
  look: () => Promise<Value>,
): Promise<Looked<Value>> {
  try {
    return { value: await look() };
  } catch (error) {
    signal.throwIfAborted();
    const failure = failureOf(error, undefined);
    if (failure.stack !== undefined) throw error;
    return { failure };
  }
}

/** Asks the nodes, without their guests. @throws ProxmoxError */
export async function lookAtNodes(
  environment: LoadedEnvironment,
  surroundings: Surroundings,
  journals: JournalStatus,
  context: CommandContext,
): Promise<NodeLook> {
  const { here, others } = surroundingOf(environment, surroundings);
  const proofs = readProofs(stateOf(environment, context).path);
  const facts = await readEnvironment(await environment.client(), environment, here, { proofs });
  const { drill, guests } = environment.settings;
  const gap = drill && longestGap(drill.at, facts.now, facts.timeZone);
  return {
    facts,
    status: statusOf(environment, facts, others, journals),
    problems: new Map(guests.map((guest) => [guest.id, problemsOfGuest(guest, facts, environment, journals)])),
    taken: new Set(guests.flatMap((guest) => (isTaken(guest, facts.ownership.get(guest.id)) ? [guest.id] : []))),
    drillGap: gap && gap.to - gap.from,
  };
}

/** The state is opened, as a restore of it would: that it can be listed proves nothing. */
async function lookAtState(
  environment: LoadedEnvironment,
  { site }: Surroundings,
  context: CommandContext,
): Promise<StateLook> {
  const { io, redactor } = context;
  const secrets = new StateSecrets(environment.name, io.environment, redactor);
  let proof: StateLook["proof"];
  const status = await inspectState(environment, site, context, async (checkpoint, place) => {
    const own = { place, addresses: ownAddresses(environment.settings), variables: io.environment };
    const notOpened = new Set<string>();
    const problems = await checkpointProblems(own, checkpoint, secrets, notOpened);
    proof = { resources: checkpoint.resources.length, problems: [...problems, ...notOpened] };
  });
  return { status, proof };
}

/** `pve1, pve2` */
export function nodeNames({ settings }: LoadedEnvironment): string {
  return nodesOf(settings).join(", ");
}
