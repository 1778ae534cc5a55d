import type { ProxmoxClient } from "../../../proxmox/api/client";
import type { Step } from "../engine/step";
import { removeSnapshotStep, takeSnapshotStep } from "../steps/guest/snapshot-steps";
import type { SnapshotPlan } from "./plan";

/** The one step of a snapshot by hand. */
export function snapshotSteps(
  { guest, target, action, snapshot, description }: SnapshotPlan,
  client: ProxmoxClient,
): Step[] {
  if (action === "remove") {
    const does = `remove snapshot ${snapshot}; ${guest} itself stays as it is`;
    return [
      removeSnapshotStep(
        { id: "remove", title: `Remove snapshot ${snapshot} of ${guest}`, does },
        target,
        snapshot,
        client,
      ),
    ];
  }
  const does = `take snapshot ${snapshot} of ${guest}, which goes on meanwhile`;
  return [
    // There is nothing to take back, and what became of a request without an answer must be found out.
    {
      ...takeSnapshotStep(
        { id: "take", title: `Take snapshot ${snapshot} of ${guest}`, does },
        target,
        { name: snapshot, description },
        client,
      ),
      commits: true,
    },
  ];
}
