import type { Guest as NodeGuest, NodeEntry } from "../../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { unlessUnasked } from "../../../../proxmox/api/unless-hidden";
import type { Guest } from "../../../../site/settings/environment";
import { CommandError, usageError } from "../../../terminal/command-error";
import { exitCodes } from "../../../terminal/exit-codes";
import { refuseHeldByHa } from "./ha-work";
import { requireQuorum } from "./quorum";
import { isOffline, isOnline } from "./search-archives";
import { disksOnShared, type FoundDisks } from "./disks-elsewhere";
import { keepDisksAdvice } from "./shared-disks";

/** Where a guest is and where its restore is to run. */
export interface Location {
  /** The node of the restore. It is online, as far as the cluster knows. */
  readonly node: string;
  /** The node that has the guest now; undefined when the cluster lists no such guest. */
  readonly home: string | undefined;
  /** The guest, as the cluster lists it. */
  readonly listed: NodeGuest | undefined;
  /** The guest's node does not answer: what the guest is now cannot be read. */
  readonly homeIsOffline: boolean;
  /** Disks of a guest whose node is offline, on storages that the node of the restore shares. */
  readonly sharedDisks: FoundDisks;
  readonly nodes: readonly NodeEntry[];
}

/**
 * Finds out on which node a guest is restored: the one that was asked for, else the one that has it, else the one of the
 * settings.
 *
 * @param isTouched the guest itself is to be changed, and no copy of it made
 * @throws CommandError (2) for a node that the cluster does not have, (14) for one that is offline, and for a cluster without
 *   quorum, (11, 13) for a guest to be changed that HA has in its hands.
 */
export async function locate(
  client: ProxmoxClient,
  guest: Guest,
  wanted: string | undefined,
  isTouched = false,
): Promise<Location> {
  const [nodes, guests] = await Promise.all([client.cluster.nodes(), client.cluster.guests()]);
  await requireQuorum(client, nodes);
  const listed = guests.find(({ vmid }) => vmid === guest.id);
  const { node: home, type } = listed ?? {};
  if (isTouched) await refuseHeldByHa(client, listed, nodes);
  const node = wanted ?? home ?? guest.node;
  const entry = nodes.find((known) => known.node === node);
  if (entry === undefined) throw unknownNode(node, guest, wanted !== undefined, nodes);
  if (!isOnline(entry)) throw await offlineNode(client, node, { ...guest, type: type ?? typeOf(guest) }, nodes);
  const homeIsOffline = isOffline(nodes, home);
  const sharedDisks = homeIsOffline
    ? await disksOnShared(client, node, guest.id)
    : { disks: [], unseen: [], unasked: [] };
  return { node, home, listed, homeIsOffline, sharedDisks, nodes };
}

/** Of a guest made by hand the settings do not say it: containers are the more usual ones. */
function typeOf({ kind }: Guest): "lxc" | "qemu" {
  return kind === "virtual-machine" ? "qemu" : "lxc";
}

function unknownNode(node: string, guest: Guest, wasAsked: boolean, nodes: readonly NodeEntry[]): CommandError {
  const names = nodes.map((known) => known.node).join(", ");
  if (!wasAsked) {
    return usageError(
      `the settings place ${guest.name} on ${node}, which is not among the nodes: ${names}`,
      "correct its node in the settings",
    );
  }
  if (nodes.length === 1) {
    return usageError(`${names} is a node of its own: there is no ${node} in its cluster`, "leave --node out");
  }
  return usageError(`there is no node ${node} in the cluster`, `its nodes: ${names}`);
}

async function offlineNode(
  client: ProxmoxClient,
  node: string,
  guest: Pick<Guest, "id" | "name"> & { readonly type: "lxc" | "qemu" },
  nodes: readonly NodeEntry[],
): Promise<CommandError> {
  const other = nodes.find(isOnline)?.node;
  const elsewhere =
    other === undefined || other === node
      ? ""
      : `; or restore a copy on another node: lifeboat restore guest ${guest.name} --node ${other} --target-id N`;
  const found = other === undefined ? undefined : await unlessUnasked(disksOnShared(client, other, guest.id));
  const keep = keepDisksAdvice(found?.disks ?? [], { vmid: guest.id, type: guest.type }, node, other ?? "");
  return new CommandError(`node ${node} is offline`, {
    exitCode: exitCodes.unavailable,
    hint: `check that it is up and in the cluster (pvecm status)${keep === undefined ? "" : `; ${keep}`}${elsewhere}`,
  });
}
