import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { storageOf } from "../../../../proxmox/rules/volume-ids";
import type { Guest } from "../../../../site/settings/environment";
import type { Inputs } from "../../engine/digest";
import { digestOf } from "../../engine/digest";
import { findGuest, lastingKeys } from "./inspect-present";
import type { PresentGuest } from "./inspection";
import type { RestorePlan } from "./plan";

/** Names of a restore's inputs, as they are read in a refusal: "… has changed: the archive". */
export const inputNames = {
  archive: "the archive",
  configuration: "the guest's configuration",
  snapshots: "the guest's snapshots",
  settings: "the guest's settings",
  request: "what is to be done",
} as const;

/**
 * Digest of the settings of a guest as far as operations on it rest on them. What is dumped inside it does not decide how it is
 * restored; and with what a later version adds, nothing that an earlier one began could be resumed.
 */
export function guestSettingsDigest({ data: _data, ...settings }: Guest): string {
  return digestOf(settings);
}

interface InputParts {
  readonly archive: { readonly volid: string; readonly size: number; readonly time: number } | undefined;
  readonly present: Pick<PresentGuest, "configuration" | "snapshots" | "address"> | undefined;
  readonly settingsDigest: string;
  readonly plan: Pick<RestorePlan, "request" | "target" | "start" | "savePoint">;
}

/** What a restore rests on. Clocks, usage, running tasks and whether the guest runs are left out on purpose. */
export function restoreInputs({ archive, present, settingsDigest, plan }: InputParts): Inputs {
  return {
    [inputNames.archive]: digestOf(archive ?? "none"),
    [inputNames.configuration]: configurationDigest(present),
    [inputNames.snapshots]: snapshotsDigest(present),
    [inputNames.settings]: settingsDigest,
    [inputNames.request]: digestOf([plan.request, plan.target, plan.start, plan.savePoint]),
  };
}

/** Digest of a guest's lasting configuration; of "none" when it is not there. */
export function configurationDigest(present: Pick<PresentGuest, "configuration" | "address"> | undefined): string {
  return digestOf(present === undefined ? "none" : { ...present.configuration, type: present.address.type });
}

/** Digest of the names of a guest's snapshots. */
export function snapshotsDigest(present: Pick<PresentGuest, "snapshots"> | undefined): string {
  return digestOf([...(present?.snapshots ?? [])].sort());
}

/** Reads the inputs again, as they are on the node now. */
export async function readInputs(client: ProxmoxClient, plan: RestorePlan, settingsDigest: string): Promise<Inputs> {
  const { node, vmid } = plan.target;
  const storage = storageOf(plan.archive.volid);
  const [archives, present] = await Promise.all([
    client.backups.archives(node, storage, plan.source.vmid),
    readConfiguration(client, node, vmid),
  ]);
  const found = archives.find(({ volid }) => volid === plan.archive.volid);
  const archive = found && { volid: found.volid, size: found.size ?? 0, time: found.ctime };
  return restoreInputs({ archive, present, settingsDigest, plan });
}

/** The target's configuration and snapshots now; undefined when nothing is there. */
export async function readConfiguration(
  client: ProxmoxClient,
  node: string,
  vmid: number,
): Promise<Pick<PresentGuest, "configuration" | "snapshots" | "address"> | undefined> {
  const address = await findGuest(client, node, vmid);
  if (address === undefined) return undefined;
  const [configuration, snapshots] = await Promise.all([
    client.guests.guestConfig(address),
    client.guests.snapshots(address),
  ]);
  return { address, configuration: lastingKeys(configuration), snapshots: snapshots.map(({ name }) => name) };
}
