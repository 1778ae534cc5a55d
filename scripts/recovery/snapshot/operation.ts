import type { Demand, GivenAnswers } from "../engine/consent";
import type { Operation } from "../engine/operation";
import { whyNotSent, whyTooOld } from "../engine/too-old";
import type { GuestSession } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import { planRemoval, planTake } from "./make-plan";
import { snapshotKind, type SnapshotPlan, snapshotPlanSchema } from "./plan";
import { snapshotSteps } from "./steps";
import { snapshotReport, snapshotView } from "./view";
import { requireRights, rightsFor } from "../steps/guest/rights";

/** What `lifeboat backup snapshot` was asked for. */
export type SnapshotRequest = {
  /** The command line that does the same again. */
  readonly command: string;
} & (
  | { readonly action: "take"; readonly name: string | undefined; readonly description: string | undefined }
  | { readonly action: "remove"; readonly name: string; readonly given: GivenAnswers }
);

/** A snapshot of a guest's disks is taken, or removed, by hand (D12). */
export function snapshotOperation(session: GuestSession, request: SnapshotRequest): Operation<SnapshotPlan> {
  const { client, selector } = session;
  const isTaken = request.action === "take";
  return {
    kind: snapshotKind,
    name: isTaken ? `snapshot of ${selector}` : `removal of a snapshot of ${selector}`,
    schema: snapshotPlanSchema,
    request: { [request.action]: request.name ?? "" },
    command: request.command,
    // To take one changes nothing of the guest: nothing is asked, also not before that is resumed.
    given: request.action === "take" ? { [forceFlag]: true } : request.given,
    plan: async () => {
      const plan =
        request.action === "take"
          ? await planTake(session, request.name, request.description ?? "taken with lifeboat")
          : await planRemoval(session, request.name);
      const demands = isTaken ? [] : [demandOf(plan)];
      return { plan, demands, inputs: {}, view: snapshotView(plan), node: plan.target.node };
    },
    permitted: (plan) => requireRights(session.client, rightsFor(["VM.Snapshot"], { guests: [plan.target.vmid] })),
    steps: (plan) => snapshotSteps(plan, client),
    report: snapshotReport,
    // Whoever asks for one now, such as before an update, does not mean that of last week.
    outdated: (open) => whyTooOld(open, 3_600) ?? whyNotSent(open),
    meaning: ({ guest, snapshot }) => ({
      text: `${guest} is as it was; whether snapshot ${snapshot} is there is not known.`,
    }),
  };
}

function demandOf({ guest, snapshot }: SnapshotPlan): Demand {
  const question = `Remove snapshot ${snapshot} of ${guest}? The guest itself stays as it is.`;
  return { flag: forceFlag, reason: "it is not confirmed", question };
}
