import type { GuestStatus, HaResource, IncludedVolumes } from "../../../../proxmox/api/answers";
import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { ProxmoxError, type ProxmoxErrorKind } from "../../../../proxmox/api/errors";
import { unlessHidden } from "../../../../proxmox/api/unless-hidden";
import { isConsole } from "../../../../proxmox/rules/consoles";
import { type Membership, type PresentGuest, type RunningTask, membershipIn } from "./inspection";

/** The answer, or undefined when it failed in one of these ways. */
export async function unless<Value>(
  kinds: readonly ProxmoxErrorKind[],
  answer: Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ProxmoxError && kinds.includes(error.kind)) return undefined;
    throw error;
  }
}

/**
 * Where a guest is and what it is (D4). The cluster's list is a few seconds old and shows only what the token may audit,
 * so the node itself decides.
 *
 * @param node where the settings say it is; the cluster may have moved it.
 */
export async function findGuest(client: ProxmoxClient, node: string, vmid: number): Promise<GuestAddress | undefined> {
  const listed = (await client.cluster.guests()).find((guest) => guest.vmid === vmid);
  const candidates: GuestAddress[] = [
    ...(listed === undefined ? [] : [{ node: listed.node, type: listed.type, vmid }]),
    { node, type: "lxc", vmid },
    { node, type: "qemu", vmid },
  ];
  for (const candidate of candidates) if (await client.guests.exists(candidate)) return candidate;
  return undefined;
}

/** Everything about a guest that a plan depends on. Undefined: there is no such guest (any more). */
export async function inspectPresent(
  client: ProxmoxClient,
  node: string,
  vmid: number,
): Promise<PresentGuest | undefined> {
  const address = await findGuest(client, node, vmid);
  if (address === undefined) return undefined;
  const tasks = await client.tasks.list(address.node, { vmid, limit: tasksToKnow });
  const [status, configuration, snapshots, pool, highAvailability] = await Promise.all([
    client.guests.guestStatus(address),
    client.guests.guestConfig(address),
    client.guests.snapshots(address),
    poolOf(client, vmid),
    highAvailabilityOf(client, address, vmid),
  ]);
  return {
    address,
    running: status.status === "running",
    lock: lockOf(status, configuration),
    protection: configuration["protection"] === "1",
    configuration: lastingKeys(configuration),
    snapshots: snapshots.map(({ name }) => name),
    pool,
    highAvailability,
    tasks: tasks.map(({ upid }) => upid),
  };
}

/** How many of a guest's newest tasks are noted: more than it has in one second. */
export const tasksToKnow = 20;

/** A configuration without what comes and goes: the lock, and the digest that changes with it. */
export function lastingKeys(configuration: Readonly<Record<string, string>>): Record<string, string> {
  const { digest: _digest, lock: _lock, ...lasting } = configuration;
  return lasting;
}

function lockOf(status: GuestStatus, configuration: Readonly<Record<string, string>>): string | undefined {
  return status.lock ?? configuration["lock"];
}

/** From the cluster's list: reading pools themselves needs `Pool.Audit`, which nothing else here does. */
export async function poolOf(client: ProxmoxClient, vmid: number): Promise<string | undefined> {
  return (await client.cluster.guests()).find((guest) => guest.vmid === vmid)?.pool;
}

/** Undefined also where the token may not read high availability, or the site has none. */
async function highAvailabilityOf(
  client: ProxmoxClient,
  { type }: Pick<GuestAddress, "type">,
  vmid: number,
): Promise<HaResource | undefined> {
  const resources = await unlessHidden(client.cluster.haResources());
  return resources?.find(({ sid }) => sid === `${type === "lxc" ? "ct" : "vm"}:${vmid}`);
}

/** Every job that selects the guest, with the disks that it includes. Undefined: the token may not read jobs. */
export async function membershipsOf(client: ProxmoxClient, vmid: number): Promise<Membership[] | undefined> {
  const jobs = await unless(["forbidden"], client.backups.backupJobs());
  if (jobs === undefined) return undefined;
  const memberships = await Promise.all(
    jobs.map(async ({ id }) => membershipIn(id, await includedVolumes(client, id), vmid)),
  );
  return memberships.filter((membership) => membership !== undefined);
}

/** A job that names a storage or guest which is no more cannot be resolved; for membership it counts as empty. */
async function includedVolumes(client: ProxmoxClient, job: string): Promise<IncludedVolumes> {
  return (await unlessHidden(client.backups.includedVolumes(job))) ?? { children: [] };
}

/** The task that is at work on a guest and no other; undefined: there is none, as far as the token can see. */
export async function taskOn(
  client: ProxmoxClient,
  { node, vmid }: Pick<GuestAddress, "node" | "vmid">,
): Promise<RunningTask | undefined> {
  return (await runningTasks(client, node, vmid)).find(({ id }) => id === String(vmid));
}

/**
 * Tasks at work on the node for this guest, and backup runs of any guest: only one runs at a time on a node. Who has the guest's
 * console open is not at work: just then, on a broken guest, somebody has.
 */
export async function runningTasks(client: ProxmoxClient, node: string, vmid: number): Promise<RunningTask[]> {
  const active = await client.tasks.list(node, { source: "active" });
  return active
    .filter((task) => task.endtime === undefined && (task.id === String(vmid) || task.type === "vzdump"))
    .filter(({ type }) => !isConsole(type))
    .map(({ upid, type, id, user, starttime }) => ({ upid, type, id: id ?? "", user: user ?? "", since: starttime }));
}
