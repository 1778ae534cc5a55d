import type { Guest as NodeGuest, NodeEntry } from "../../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { unlessHidden } from "../../../../proxmox/api/unless-hidden";
import { type HaWork, haWork } from "../../../../proxmox/rules/ha-states";
import { nodeTools } from "../../../../proxmox/rules/node-tools";
import { CommandError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { isOffline, isOnline } from "./search-archives";

/** A guest that HA has in its hands. */
export interface HeldByHa {
  readonly work: Exclude<HaWork, "resting">;
  /** Half a sentence: `HA is at work on web (101): …`. */
  readonly why: string;
  /** What to wait for, and what ends it. */
  readonly mend: string;
}

/**
 * Whether HA is at work on a guest, or has given it up. Neither is to be restored or moved by anybody else: it would be started
 * twice, or stopped again.
 *
 * @param listed as the cluster lists it
 * @param again the command to run afterwards
 */
export async function heldByHa(
  client: ProxmoxClient,
  listed: NodeGuest,
  nodes: readonly NodeEntry[],
  again = "the same command",
): Promise<HeldByHa | undefined> {
  const { node, vmid, type, hastate = "" } = listed;
  const isDead = isOffline(nodes, node);
  const sid = `${type === "lxc" ? "ct" : "vm"}:${String(vmid)}`;
  const wanted = listed.hastate === undefined ? undefined : await wantedOf(client, sid);
  const work = haWork(listed.hastate, isDead, wanted);
  if (work === undefined || work === "resting") return undefined;
  const name = `${listed.name ?? "the guest"} (${String(vmid)})`;
  const root = `as root on ${nodes.find(isOnline)?.node ?? "a node that is left"}`;
  const release = `ha-manager set ${sid} --state disabled, ${root}`;
  const back = `when it is back: ha-manager set ${sid} --state started`;
  switch (work) {
    case "working":
      return {
        work,
        why: `HA is at work on ${name}: its state is ${hastate}${isDead ? `, and ${node} is offline` : ""}`,
        mend: `wait until it is 'started' (ha-manager status, ${root}): of a dead node's guests that takes some two minutes, and HA starts them elsewhere with their disks; lifeboat recover waits for it. If it ends in 'error', HA has given up: ${again} says then what to do`,
      };
    case "waiting":
      return {
        work,
        why: `HA keeps ${name} for ${node}, which was shut down in good order, or restarts (freeze)`,
        mend: `start ${node}, and HA goes on by itself. If it will never come back: ${release}; then ${again}; ${back}`,
      };
    case "given up":
      return {
        work,
        why: `HA has given ${name} up (error): it would not start on ${node}`,
        // Over a guest whose disks are missing a restore would free the new ones under the old names.
        mend: `look why (its last task on ${node}) and take it out of HA's hands: ${release}. If its disks went with a dead node's own storage: mv /etc/pve/nodes/${node}/${nodeTools(type).folder}/${String(vmid)}.conf /root/, and ${again} restores it; ${back}`,
      };
  }
}

/** @throws CommandError (11) while HA is at work, (13) when it has given up */
export async function refuseHeldByHa(
  client: ProxmoxClient,
  listed: NodeGuest | undefined,
  nodes: readonly NodeEntry[],
): Promise<void> {
  const held = listed && (await heldByHa(client, listed, nodes));
  if (held === undefined) return;
  const exitCode = held.work === "given up" ? exitCodes.refused : exitCodes.locked;
  throw new CommandError(held.why, { exitCode, hint: held.mend });
}

/** Undefined also where the token may not read it. */
async function wantedOf(client: ProxmoxClient, sid: string): Promise<string | undefined> {
  const resources = await unlessHidden(client.cluster.haResources());
  return resources?.find((one) => one.sid === sid)?.state;
}
