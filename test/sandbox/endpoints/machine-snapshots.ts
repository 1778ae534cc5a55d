import { loadGuest } from "../guests/configuration";
import { haveFeature, type DiskFeature } from "../guests/machines/disk-features";
import { machineValue } from "../guests/machines/parameters";
import { isRunning, runsHere, startWorker } from "../guests/machines/runtime";
import { machineSnapshots } from "../guests/machines/snapshots";
import { death } from "../protocol/failure";
import { snapshotEndpoints } from "./snapshots";
import { FLAG } from "./tables";

export const machineSnapshotEndpoints = snapshotEndpoints({
  kind: machineSnapshots,
  taskPrefix: "qm",
  reservedNames: ["current", "pending"],
  taking: { vmstate: FLAG },
  valueOf: machineValue,
  feature: async ({ node, parameters }, section) => {
    const vmid = parameters.requiredInteger("vmid");
    await runsHere(node, vmid);
    const wanted = parameters.required("feature") as DiskFeature;
    return {
      hasFeature: haveFeature(node, wanted, section(), parameters.text("snapname")) ? 1 : 0,
      nodes: [node.name],
    };
  },
  checkTaking: ({ node, parameters }) => {
    const { keys } = loadGuest(node, "qemu", parameters.requiredInteger("vmid")).configuration;
    if (parameters.flag("vmstate") !== true) return;
    const blockers = ["amd-sev", "intel-tdx"].filter((key) => keys.has(key));
    if ([...keys.keys()].some((key) => /^virtiofs\d+$/.test(key))) blockers.push("virtiofs");
    if (blockers.length === 0) return;
    throw death(`Cannot live-migrate, snapshot (with RAM), or hibernate a VM with: ${blockers.join(", ")}`);
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
