import type { Report } from "../engine/operation";
import type { SnapshotPlan } from "./plan";

/** The plan for people and scripts. */
export function snapshotView(plan: SnapshotPlan): Report {
  const { target, action, snapshot } = plan;
  const guest = selectorOf(plan);
  const where = `${guest} (${String(target.vmid)} on ${target.node})`;
  const base = { guest, vmid: target.vmid, node: target.node };
  return action === "take"
    ? { value: { ...base, snapshot }, print: (lines) => lines.heading(`Plan: take snapshot ${snapshot} of ${where}`) }
    : {
        value: { ...base, removed: snapshot },
        print: (lines) => lines.heading(`Plan: remove snapshot ${snapshot} of ${where}`),
      };
}

/** What was done. */
export function snapshotReport(plan: SnapshotPlan): Report {
  const { guest, action, snapshot } = plan;
  const { value } = snapshotView(plan);
  if (action === "remove") return { value, print: (lines) => lines.line(`Removed snapshot ${snapshot} of ${guest}.`) };
  const goBack = `lifeboat restore snapshot ${selectorOf(plan)} ${snapshot}`;
  return {
    value: { ...value, goBack },
    print: (lines) => {
      lines.line(`Took snapshot ${snapshot} of ${guest}.`);
      lines.line(`To go back to it: ${goBack}`);
    },
  };
}

function selectorOf({ environment, guest }: SnapshotPlan): string {
  return `${environment}/${guest}`;
}
