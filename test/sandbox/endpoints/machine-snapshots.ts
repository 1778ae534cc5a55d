import { isBase } from "../guests/base-volumes";
import { loadGuest } from "../guests/configuration";
import { machineValue } from "../guests/machines/parameters";
import { isRunning, startWorker } from "../guests/machines/runtime";
import { machineSnapshots } from "../guests/machines/snapshots";
import { snapshotEndpoints } from "./snapshots";
import { FLAG } from "./tables";

export const machineSnapshotEndpoints = snapshotEndpoints({
  kind: machineSnapshots,
  taskPrefix: "qm",
  reservedNames: ["current", "pending"],
  taking: { vmstate: FLAG },
  valueOf: machineValue,
  // Every disk can be copied.
  feature: ({ node, parameters }, section) => {
    const wanted = parameters.required("feature");
    const name = parameters.text("snapname") ?? "";
    const isLinked = (): boolean => machineSnapshots.allVolumes(section).every(isBase);
    const has: Readonly<Record<string, () => boolean>> = {
      copy: () => true,
      clone: isLinked,
      snapshot: () => machineSnapshots.isPossible(node, section, name),
    };
    return { hasFeature: has[wanted]?.() === true ? 1 : 0, nodes: [node.name] };
  },
  checkStart: ({ authority, parameters }) =>
    authority.checkGuest(parameters.requiredInteger("vmid"), undefined, "VM.PowerMgmt"),
  // One that goes on from a snapshot's memory runs already.
  start: async ({ node, parameters, caller }) => {
    const vmid = parameters.requiredInteger("vmid");
    if (await isRunning(node, loadGuest(node, "qemu", vmid).guest)) return;
    node.tasks.start("qmstart", String(vmid), caller.name, ({ log }) => startWorker(node, vmid, log));
  },
});
