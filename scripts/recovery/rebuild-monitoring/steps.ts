import { monitoringCheck } from "../../../site/settings/monitoring-check";
import { monitoringChild, monitoringName } from "../../../site/monitoring/resource-names";
import { backupName, componentKinds } from "../../../site/resources";
import { lastLine } from "../../clients/guest-command";
import { GuestUnreachable } from "../../clients/guest-shell";
import { backendOf } from "../../project/backend";
import type { BegunOperation } from "../engine/operation";
import { type Step, type StepNode, standing } from "../engine/step";
import { watchOf } from "../engine/watch";
import { repeat } from "../steps/guest/check-steps";
import { hostOf } from "../steps/guest/save-point-plan";
import { commandIn } from "../steps/guest/log-in";
import { forgetLostJob } from "../steps/state/lost-job";
import type { UpPlan } from "../up/plan";
import { urnsIn } from "../up/state-written";
import { upSteps } from "../up/steps";
import type { AnewSession } from "./make-plan";
import type { RebuildMonitoringPlan } from "./plan";

/** Path of the step that says whether monitoring watches again. */
export const servicesPath = "services";

/** Tells Pulumi what became of the guest, lets it make what is missing, and asks the services whether they watch. */
export function anewSteps(
  plan: RebuildMonitoringPlan,
  session: AnewSession,
  checkSeconds: number,
  { inputs }: BegunOperation,
): StepNode[] {
  // For Pulumi nothing has changed about the services of a guest that is there, nor about what it has sent there: an installation
  // that ended well has removed that, and the release that holds it may be gone.
  const sent = ["program", "node", "services"] as const;
  const replaces = plan.guest.exists ? sent.map((role) => monitoringChild(monitoringName, role)) : [];
  return [
    refreshStep(plan, session),
    ...upSteps(upPlanOf(plan, session), { work: session.work, keys: undefined, inputs, replaces }),
    servicesStep(plan, session, checkSeconds),
  ];
}

/** What `lifeboat up` does where nothing is moved and no key is missing. */
function upPlanOf({ environment, backend }: RebuildMonitoringPlan, { work }: AnewSession): UpPlan {
  const { origin } = backendOf(work.environment, work.context.io.environment);
  const place = origin === "state store" ? "store" : "here";
  const nothing = { keys: [], deadLocks: [], init: false, wait: false };
  return { ...nothing, move: "no", environment, place, url: backend, up: true, copy: place === "store" };
}

function refreshStep({ guest, backend }: RebuildMonitoringPlan, { work }: AnewSession): Step {
  const what = guest.exists
    ? `what ${guest.name} (${String(guest.id)}) is now`
    : `that ${guest.name} (${String(guest.id)}) is gone`;
  return standing({
    id: "refresh",
    title: `Tell Pulumi what became of ${guest.name}`,
    does: `pulumi refresh: write into the state ${what}, and what its backup job is`,
    run: async (context) => {
      await work.clearDeadLocks(backend);
      const kind = guest.type === "lxc" ? "container" : "virtual-machine";
      const names = [componentKinds[kind].child(guest.name), componentKinds["backup-job"].child(backupName)];
      const cli = await work.cli(backend);
      await forgetLostJob(work.environment, await urnsIn(work, backend, names), cli, watchOf(context));
      const left = await urnsIn(work, backend, names);
      if (left.length > 0) await cli.refresh(left, watchOf(context));
    },
  });
}

function servicesStep({ guest }: RebuildMonitoringPlan, session: AnewSession, checkSeconds: number): Step {
  return {
    id: servicesPath,
    title: "Ask the services whether they watch",
    does: `ask Prometheus, Alertmanager and Grafana in ${guest.name} whether they watch (up to ${String(checkSeconds)} s)`,
    run: async (context) => {
      const { name, id: vmid, node, type } = guest;
      const reason = await repeat(context, checkSeconds, async () => {
        const target = { name, vmid, node, type, host: hostOf(session.guest.guest) };
        const { code, printed } = await commandIn(session.guest, target, monitoringCheck, context.signal, {
          isNew: true,
        });
        if (code !== 0) throw new GuestUnreachable(lastLine(printed));
      });
      if (reason === undefined) return { facts: { watches: true } };
      const text = `monitoring is made again, and does not watch yet: ${reason}`;
      return {
        facts: { watches: false },
        ended: "bad",
        findings: [{ severity: "problem", text, mend: "lifeboat status" }],
      };
    },
  };
}
