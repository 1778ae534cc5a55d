import type { ProxmoxClient } from "../../../proxmox/api/client";
import { digestOf, type Inputs } from "../engine/digest";
import { readConfiguration } from "../steps/guest/inputs";
import type { PresentGuest } from "../steps/guest/inspection";
import type { RollbackPlan } from "./plan";

/** What a rollback rests on. Whether the guest runs, and what the rollback itself adds, are left out on purpose. */
export function rollbackInputs(
  present: Pick<PresentGuest, "configuration" | "snapshots">,
  settingsDigest: string,
  { snapshot, removeNewer, wayBack }: Pick<RollbackPlan, "snapshot" | "removeNewer" | "wayBack">,
): Inputs {
  const { parent: _parent, ...configuration } = present.configuration;
  const added = wayBack.kind === "snapshot" ? wayBack.name : undefined;
  return {
    "the guest's configuration": digestOf(configuration),
    "the guest's snapshots": digestOf(present.snapshots.filter((name) => name !== added).sort()),
    "the guest's settings": settingsDigest,
    "what is to be done": digestOf([snapshot, removeNewer]),
  };
}

/** Reads the inputs again, as they are on the node now. */
export async function readRollbackInputs(
  client: ProxmoxClient,
  plan: RollbackPlan,
  settingsDigest: string,
): Promise<Inputs> {
  const present = await readConfiguration(client, plan.target.node, plan.target.vmid);
  return rollbackInputs(present ?? { configuration: {}, snapshots: [] }, settingsDigest, plan);
}
