import { stateDigest } from "../../../site/state-copies/state-digest";
import { ownAddresses } from "../../../site/state/own-addresses";
import { lastingHealth } from "../../project/store-health";
import { CommandError } from "../../terminal/command-error";
import { formatAgo, formatMoment } from "../../terminal/durations";
import { exitCodes } from "../../terminal/exit-codes";
import type { Demand } from "../engine/consent";
import { digestOf } from "../engine/digest";
import type { StackSession } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import { copyFacts, type CopyObjects, listCopy, staleSince } from "../steps/state/copies/copy-facts";
import type { CopyPlace } from "../steps/state/copies/copy-places";
import { requireOwnParts } from "../steps/state/own-parts";
import { lastSeen } from "../steps/state/seen-state";
import { type PresentState, readPresent } from "../steps/state/present-state";
import { listStack } from "../steps/state/stack-objects";
import type { Planned } from "../engine/operation";
import type { StateAccess } from "../steps/state/state-access";
import { shut, StateSecrets } from "../steps/state/state-secrets";
import type { FallbackPlan } from "./plan";
import { readRecord } from "../steps/state/fallback-record";
import type { LiveAndLocal } from "../steps/state/live-and-local";
import { staleFlag } from "../steps/state/copies/flags";

export const answersFlag = "--although-store-answers";

/**
 * Looks at the store, at this machine and at the copy, and proves that the passphrase opens the copy.
 *
 * @param place where the copy is; `argument`: what the command line says for it.
 * @throws CommandError (10) without a copy that can be used, (12), (13) when the state is on this machine already.
 */
export async function planFallback(
  session: StackSession,
  states: LiveAndLocal,
  place: CopyPlace,
  argument: string | undefined,
): Promise<Omit<Planned<FallbackPlan>, "view">> {
  const { context, environment, selector, state } = session;
  await refuseLocal(session, states);
  const { trouble } = await lastingHealth(states.siteStore, context.signal);
  const access: StateAccess = { place: states.local.place, store: place.of(selector) };
  const { copied, present } = await usableCopy(session, access, place);
  const variables = context.io.environment;
  const other = "name another place with copies: --from FOLDER";
  requireOwnParts(
    { ...access, addresses: ownAddresses(environment.settings), variables },
    present.checkpoint,
    `the copy in ${place.name}`,
    other,
  );
  const secrets = new StateSecrets(selector, variables, context.redactor);
  const opening = await secrets.prove(present.checkpoint.keeper, `the copy in ${place.name}`);
  const open = opening.kind === "open" ? opening.open : shut;
  const facts = await copyFacts(access, copied, present);
  const since = staleSince(facts, lastSeen(state));
  const plan: FallbackPlan = {
    environment: selector,
    project: environment.project.name,
    ...(argument === undefined ? {} : { from: argument }),
    fromName: place.name,
    store: states.siteStore.endpoint,
    copy: described(facts),
    base: stateDigest(present.checkpoint, open),
    ...(since === undefined ? {} : { staleSince: since }),
    answers: trouble === undefined,
  };
  return { plan, demands: demandsOf(plan), inputs: { "the copy": digestOf(present.sha256) } };
}

/** Why a fallback that was planned is not what would be done now, as a clause. */
export function whyOtherFallback(planned: FallbackPlan, now: FallbackPlan): string | undefined {
  if (planned.copy.sha256 !== now.copy.sha256) return `the copy in ${now.fromName} is another one now`;
  if (now.answers && !planned.answers) return `the state store at ${now.store} answers again`;
  if (now.staleSince !== planned.staleSince) return "the store was seen with another state since";
  return undefined;
}

/** @throws CommandError (13) */
async function refuseLocal({ selector }: StackSession, { local, record }: LiveAndLocal): Promise<void> {
  const { present } = await listStack(local);
  if (present === undefined) return;
  const isFallback = readRecord(record) !== undefined;
  throw new CommandError(`the state of ${selector} is on this machine already (${local.store.place})`, {
    exitCode: exitCodes.refused,
    hint: isFallback
      ? `go on with pulumi: eval "$(lifeboat env ${selector})"; when the store answers: lifeboat state return ${selector}`
      : `it was never moved into the store: lifeboat up ${selector}`,
  });
}

/** @throws CommandError (10) */
async function usableCopy(
  { selector }: Pick<StackSession, "selector">,
  access: StateAccess,
  place: CopyPlace,
): Promise<{ copied: CopyObjects; present: PresentState }> {
  const copied = await listCopy(access);
  const present = copied.present && (await readPresent(access, copied.present));
  if (present?.checkpoint !== undefined) return { copied, present };
  const why =
    present === undefined ? `holds no copy of the state of ${selector}` : `holds a damaged copy: ${present.problem}`;
  throw new CommandError(`${place.name} ${why}`, {
    exitCode: exitCodes.nothing,
    hint:
      place.kind === "offsite"
        ? "name another place with copies: --from FOLDER"
        : "name another place with copies: --from offsite, --from FOLDER",
  });
}

type CopyFacts = Awaited<ReturnType<typeof copyFacts>>;

function described({ object, sha256, size, time, made, duringUpdate, update }: CopyFacts): FallbackPlan["copy"] {
  return {
    object,
    sha256,
    size,
    duringUpdate,
    ...(time === undefined ? {} : { time }),
    ...(made === undefined ? {} : { made }),
    ...(update === undefined
      ? {}
      : {
          update: { kind: update.kind, result: update.result, ended: update.endTime * 1_000, message: update.message },
        }),
  };
}

function demandsOf({ environment, copy, staleSince, answers, store }: FallbackPlan): Demand[] {
  const demands: Demand[] = [];
  if (answers) {
    demands.push({
      flag: answersFlag,
      reason: `the state store at ${store} answers`,
      question: "The state store answers. Fall back nevertheless?",
    });
  }
  if (staleSince !== undefined) {
    const since = `the store was last seen with a newer state, of ${formatMoment(staleSince)}`;
    demands.push({
      flag: staleFlag,
      reason: since,
      question: `${since}; what came after the copy is missing. Use it?`,
    });
  }
  const age = copy.time === undefined ? "" : ` (${formatAgo(Math.max(0, Date.now() - copy.time) / 1_000)})`;
  const question = `Go on with the copy${age} of the state of ${environment} on this machine?`;
  return [...demands, { flag: forceFlag, reason: "the plan is not confirmed", question }];
}
