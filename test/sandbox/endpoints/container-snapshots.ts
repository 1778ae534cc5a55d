import { containerValue } from "../guests/containers/parameters";
import { startWorker } from "../guests/containers/runtime";
import { containerSnapshots, hasFeature } from "../guests/containers/snapshots";
import { snapshotEndpoints } from "./snapshots";

export const containerSnapshotEndpoints = snapshotEndpoints({
  kind: containerSnapshots,
  taskPrefix: "vz",
  reservedNames: ["current", "vzdump"],
  taking: {},
  valueOf: containerValue,
  feature: ({ node, parameters }, section) => ({
    hasFeature: hasFeature(node, parameters.required("feature"), section()) ? 1 : 0,
  }),
  checkStart: () => undefined,
  start: ({ node, parameters, caller }) => {
    const vmid = parameters.requiredInteger("vmid");
    node.tasks.start("vzstart", String(vmid), caller.name, ({ log }) => startWorker(node, vmid, log));
  },
});
