import { compressionOf } from "../../../site/state/state-keys";
import { ConditionFailed } from "../../clients/object-store/object-store";
import type { Finding, Step } from "../engine/step";
import { historyFindings, sendHistory, sendTags, writeChecked } from "../steps/state/send-objects";
import { listStack } from "../steps/state/stack-objects";
import type { BegunOperation } from "../engine/operation";
import { sha256Of, type StateAccess } from "../steps/state/state-access";
import type { FallbackPlan } from "./plan";
import { removeRecord, writeRecord } from "../steps/state/fallback-record";
import type { LiveAndLocal } from "../steps/state/live-and-local";
import { digestIn, changed } from "../steps/state/changed";

/** What the steps of a fallback work with. */
export interface FallbackWorld {
  readonly states: LiveAndLocal;
  readonly copy: StateAccess;
  /** What Pulumi would do, as findings. */
  readonly comparePulumi: (signal: AbortSignal) => Promise<Finding[]>;
}

/** Path of the step that puts the state there. */
export const statePath = "state";

/** Puts the copy of a state where Pulumi's backend on this machine looks for it. */
export function fallbackSteps(plan: FallbackPlan, world: FallbackWorld, begun: BegunOperation): Step[] {
  return [bringHistory(plan, world), record(plan, world, begun), bringState(plan, world), compare(plan, world)];
}

function bringHistory({ environment, fromName }: FallbackPlan, { states, copy }: FallbackWorld): Step {
  return {
    id: "history",
    title: `Bring the restore points of ${environment}`,
    does: `copy history and saved states from ${fromName} to ${states.local.store.place}`,
    run: async (context) => {
      const [there, copied] = await Promise.all([listStack(states.local), listStack(copy)]);
      const [from, to] = [
        { store: copy.store, objects: copied },
        { store: states.local.store, objects: there },
      ];
      const sent = await sendHistory(from, to, context);
      const unreadable = [...sent.unreadable, ...(await sendTags(from, to.store))];
      const findings = historyFindings({ ...sent, unreadable }, copy.store, states.local.store);
      return { facts: { objects: sent.sent }, findings };
    },
  };
}

function record({ environment, base, fromName }: FallbackPlan, { states }: FallbackWorld, begun: BegunOperation): Step {
  return {
    id: "record",
    title: "Write down what the fallback began with",
    does: `write down in ${states.record} what the state is now, so that the return knows who has moved`,
    run: async () => writeRecord(states.record, { environment, began: begun.startedAt, base, from: fromName }),
    takeBack: async () => removeRecord(states.record),
  };
}

/** From here on Pulumi works with it. */
function bringState(plan: FallbackPlan, { states, copy }: FallbackWorld): Step {
  const { environment, copy: chosen } = plan;
  const { store, place } = states.local;
  const isThere = async (): Promise<boolean> => (await digestIn(states.local, chosen.object)) === chosen.sha256;
  return {
    id: statePath,
    title: `Make the copy the state of ${environment}`,
    does: `put the state from ${plan.fromName} into ${store.place}: from then on lifeboat and pulumi work with it`,
    commits: true,
    probe: async () => ((await isThere()) ? {} : undefined),
    run: async (context) => {
      const content = await copy.store.read(chosen.object);
      if (sha256Of(content) !== chosen.sha256) throw changed("the copy");
      context.note({ sent: true });
      try {
        await writeChecked(store, chosen.object, content, { ifNoneMatch: true });
      } catch (error) {
        if (!(error instanceof ConditionFailed)) throw error;
        context.note({ sent: false });
        throw changed(`the state of ${place.stack} on this machine`);
      }
      return { facts: { bytes: content.length, compression: compressionOf(content) } };
    },
  };
}

function compare({ environment }: FallbackPlan, { comparePulumi }: FallbackWorld): Step {
  return {
    id: "compare",
    title: "Compare with Pulumi",
    does: `ask pulumi preview what differs from ${environment}'s state: what was done since the copy shows there`,
    run: async ({ signal }) => ({ findings: await comparePulumi(signal) }),
  };
}
