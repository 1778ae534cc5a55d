import type { Guest as NodeGuest, NodeEntry } from "../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import { nodeTools } from "../../../proxmox/rules/node-tools";
import { diskStoragesOf } from "../../../site/needs";
import type { Guest } from "../../../site/settings/environment";
import { disksOnShared } from "../steps/guest/disks-elsewhere";
import { heldByHa } from "../steps/guest/ha-work";
import { requireQuorum } from "../steps/guest/quorum";
import { isOffline, isOnline } from "../steps/guest/search-archives";
import { keepDisksAdvice } from "../steps/guest/shared-disks";
import type { GuestSession } from "../engine/session";
import { wayOfTaken } from "./number-taken";
import type { EnvironmentLook, GuestLook } from "./plan";

/** What the nodes of an environment's cluster say of each other. */
export interface ClusterLook {
  readonly nodes: readonly NodeEntry[];
  /** By number. */
  readonly guests: ReadonlyMap<number, NodeGuest>;
}

/** @throws ProxmoxError; CommandError (14) for a cluster without quorum, in which nothing could be brought back */
export async function lookAtCluster(client: ProxmoxClient): Promise<ClusterLook> {
  const [nodes, guests] = await Promise.all([client.cluster.nodes(), client.cluster.guests()]);
  await requireQuorum(client, nodes);
  return { nodes, guests: new Map(guests.map((guest) => [guest.vmid, guest])) };
}

/** What becomes of a guest, and where, if that is not where the settings have it. */
export type Way = Omit<GuestLook, "name" | "id" | "node" | "rpoSeconds" | "needs"> & Partial<Pick<GuestLook, "node">>;

/** How a guest that the cluster lists goes on: a list has it also when its node is dead. */
export async function wayOfListed(
  client: ProxmoxClient,
  { nodes }: ClusterLook,
  listed: NodeGuest,
  own: Pick<GuestSession, "guest" | "environment" | "selector">,
): Promise<Way> {
  const { guest } = own;
  const held = await heldByHa(client, { ...listed, name: guest.name }, nodes);
  if (held !== undefined) {
    const { work, why, mend } = held;
    return work === "working" ? { way: "ha", why } : { way: "by hand", why, mend };
  }
  if (isOffline(nodes, listed.node)) return strandedWay(client, nodes, listed, guest);
  const taken = await wayOfTaken(client, listed, own);
  if (taken !== undefined) return taken;
  const isMoved = listed.node !== guest.node && isOffline(nodes, guest.node);
  return { way: "there", ...(isMoved ? placedOn(listed.node, guest) : {}) };
}

/**
 * A guest that only its dead node could run. Its configuration is moved by root alone, and only somebody who has seen that the node
 * is off can know that the guest does not run there still: both is left to people.
 */
async function strandedWay(
  client: ProxmoxClient,
  nodes: readonly NodeEntry[],
  { node, vmid, type }: NodeGuest,
  guest: Guest,
): Promise<Way> {
  const alive = nodes.filter(isOnline).map((one) => one.node);
  const looks = await Promise.all(alive.map(async (one) => ({ one, ...(await disksOnShared(client, one, vmid)) })));
  const [found] = looks.filter(({ disks }) => disks.length > 0);
  const has = `${node}, which is offline, has it`;
  const unseen = [...new Set(looks.flatMap((look) => look.unseen))];
  if (found === undefined && unseen.length > 0) {
    return {
      way: "by hand",
      why: `${has}, and whether its disks outlive that cannot be seen: ${unseen.join("; ")}`,
      mend: "make them visible, then the same command: newer disks are not given up for a backup",
    };
  }
  if (found === undefined) {
    const [first = "a node that is left"] = alive;
    const file = `/etc/pve/nodes/${node}/${nodeTools(type).folder}/${String(vmid)}.conf`;
    return {
      way: "by hand",
      why: `${has}, its disks are with that node, and Proxmox takes a number once in a cluster`,
      mend: `when ${node} is certainly off and will not come back as it was: mv ${file} /root/, as root on ${first}; then the same command restores it`,
    };
  }
  const { one, disks } = found;
  const local = await ownStorages(client, one, guest);
  if (local.length > 0) {
    return {
      way: "by hand",
      why: `${has}; a part of its disks is on shared storage (${disks.join(", ")}), what was on ${local.join(", ")} is with that node`,
      mend: "so that nothing newer is lost, by hand: docs/runbooks/node-lost.md",
    };
  }
  const move = keepDisksAdvice(disks, { vmid, type }, node, one);
  return {
    way: "by hand",
    why: `${has}, and it goes on with its own disks, which are newer than any backup`,
    ...(move === undefined ? {} : { mend: move }),
  };
}

/** Those of the storages that the settings give a guest which each node has for itself. */
async function ownStorages(client: ProxmoxClient, node: string, guest: Guest): Promise<string[]> {
  const shared = (await client.backups.storages(node)).filter((one) => one.shared === true);
  return diskStoragesOf(guest).filter((name) => !shared.some(({ storage }) => storage === name));
}

/**
 * Looks for a node on which a guest can come back whose own is dead: the first that the attempt finds fit, guests in turn.
 *
 * @param attempt undefined: on the guest's own node
 */
export async function onLivingNode(
  { nodes }: ClusterLook,
  guest: Guest,
  attempt: (node: string | undefined) => Promise<Way>,
): Promise<Way> {
  if (!isOffline(nodes, guest.node)) return attempt(undefined);
  const alive = nodes.filter(isOnline).map(({ node }) => node);
  const turn = guest.id % Math.max(1, alive.length);
  const failed: string[] = [];
  for (const node of [...alive.slice(turn), ...alive.slice(0, turn)]) {
    const way = await attempt(node);
    if (way.way === "archive" || way.way === "archive unseen" || way.way === "offsite")
      return { ...way, ...placedOn(node, guest) };
    failed.push(`${node}: ${way.why ?? way.way}`);
  }
  const mend = `lifeboat restore guest ${guest.name} --node NODE --storage STORAGE`;
  return { way: "none", why: `its node ${guest.node} is offline, and no other takes it: ${failed.join("; ")}`, mend };
}

/** Where a guest is, or comes back, that the settings have on a dead node. */
export function placedOn(
  node: string,
  { node: declaredNode }: Pick<Guest, "node">,
): Pick<Way, "node" | "declaredNode"> {
  return node === declaredNode ? {} : { node, declaredNode };
}

/** Whether Pulumi would ask a dead node about a guest, and the settings name another one than it has now. */
export function isOffItsNode({ way, declaredNode }: GuestLook): boolean {
  return declaredNode !== undefined || way === "ha" || way === "by hand";
}

/**
 * What is to be done about the settings before the stack can be brought up; undefined: nothing.
 *
 * @param now where they are by now, by name
 */
export function moveInSettings(
  { name, guests }: EnvironmentLook,
  now: ReadonlyMap<string, string>,
): { text: string; mend: string } | undefined {
  const off = guests.filter(isOffItsNode);
  if (off.length === 0) return undefined;
  const moved = off.filter(({ name: guest, node, declaredNode = node }) => now.get(guest) !== declaredNode);
  if (moved.length === 0) {
    const text = `${name} is not brought up: the node of ${off.map((guest) => guest.name).join(", ")} was dead, and is back`;
    return { text, mend: `lifeboat recover --only ${name}, which looks again` };
  }
  const lines = moved.map((guest) => {
    const place = now.get(guest.name) ?? (guest.declaredNode === undefined ? "NODE" : guest.node);
    return `node: ${place} for ${guest.name}`;
  });
  return {
    text: `${name} is not brought up: its settings have ${moved.map((guest) => guest.name).join(", ")} on a node that was dead when the site was looked at, and Pulumi would ask that one`,
    mend: `set '${lines.join("', '")}' in Pulumi.${name}.yaml, then: lifeboat up ${name}`,
  };
}
