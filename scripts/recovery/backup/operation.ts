import type { Operation } from "../engine/operation";
import { whyNotSent, whyTooOld } from "../engine/too-old";
import type { GuestSession } from "../engine/session";
import { forceFlag } from "../engine/settle-demands";
import { planBackup } from "./make-plan";
import { backupKind, type BackupPlan, backupPlanSchema } from "./plan";
import { backupSteps } from "./steps";
import { backupReport, backupView } from "./view";
import { requireRights, rightsFor } from "../steps/guest/rights";

/** A backup of one guest now, with the options of its environment's job. */
export function backupOperation(session: GuestSession): Operation<BackupPlan> {
  const { client, selector } = session;
  return {
    kind: backupKind,
    name: `backup of ${selector}`,
    schema: backupPlanSchema,
    request: {},
    command: `lifeboat backup ${selector}`,
    // A backup changes nothing of the guest: nothing is asked, also not before one is resumed.
    given: { [forceFlag]: true },
    plan: async () => {
      const plan = await planBackup(session);
      return { plan, demands: [], inputs: {}, view: backupView(plan), node: plan.target.node };
    },
    permitted: (plan) =>
      requireRights(
        session.client,
        rightsFor(["VM.Backup", "Datastore.AllocateSpace"], { guests: [plan.target.vmid], storages: [plan.storage] }),
      ),
    steps: (plan) => backupSteps(plan, client),
    report: backupReport,
    // A run may take hours, and is waited for; what is older than a day is not what somebody wants who asks now.
    outdated: (open) => whyTooOld(open, 86_400) ?? whyNotSent(open),
    meaning: ({ guest }, { position }) => ({
      text: `${guest} is as it was${position === "committed" ? ", and the backup may go on on its node" : ""}.`,
    }),
  };
}
