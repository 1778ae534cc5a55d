import type { BackupJob, NodeEntry, StoredVolume } from "../../../../proxmox/api/answers";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { couldNotBeAsked } from "../../../../proxmox/api/errors";
import { plainText } from "../../../../proxmox/api/plain-text";
import { showsVolumes } from "../../../../proxmox/api/permissions";
import { isDisk, mayHaveDisks } from "../../../../proxmox/rules/storage-content";
import type { DeclaredIds } from "./declared-ids";
import { isOnline } from "./search-archives";

/** What an id without a guest stands for already. */
export interface IdTraces {
  /** `prod/web has it in the settings`, `2 archives on backup`; empty for an id that nothing knows. */
  readonly known: readonly string[];
  /** What could not be looked into, so that there may be more. */
  readonly unknown: readonly string[];
  /** The same of other nodes: what lies on their own storages stays there, whatever a guest of this node does. */
  readonly elsewhere: readonly string[];
}

/** How many ids are looked at before none is offered. */
const idsToTry = 200;

/** What was found in one place, or why nothing could be. */
interface Look {
  readonly known?: readonly string[];
  readonly unknown?: string;
  /** The one that could not be looked into concerns other nodes only. */
  readonly isElsewhere?: boolean;
}

/**
 * Everything that has an id's number although no guest has: a guest that is made there would get archives, jobs, access
 * and a retention that are another's.
 *
 * Pools are not among it: Proxmox shows no member of a pool that is not there.
 *
 * @param node where the guest is to be made
 */
export async function tracesOf(
  client: ProxmoxClient,
  { node, vmid }: { readonly node: string; readonly vmid: number },
  declared: DeclaredIds,
): Promise<IdTraces> {
  const nodes = await client.cluster.nodes();
  const owner = declared.owners.get(vmid);
  const looks: Look[] = [
    owner === undefined ? {} : { known: [`${owner} has it in the settings`] },
    ...declared.unreadable.map((name) => ({ unknown: `the settings of ${name} cannot be read` })),
    ...(
      await Promise.all([
        inJobs(client, vmid),
        inHighAvailability(client, vmid),
        inReplication(client, vmid),
        archivesAreShown(client, vmid),
        onStorages(client, { node, vmid }, nodes),
      ])
    ).flat(),
  ];
  const gaps = looks.filter((look): look is Look & { unknown: string } => look.unknown !== undefined);
  return {
    known: looks.flatMap(({ known = [] }) => known),
    unknown: gaps.filter(({ isElsewhere }) => isElsewhere !== true).map(({ unknown }) => unknown),
    elsewhere: gaps.filter(({ isElsewhere }) => isElsewhere === true).map(({ unknown }) => unknown),
  };
}

/** An id that nothing knows, with what could not be looked into. */
export interface UntracedId {
  readonly vmid: number;
  readonly traces: IdTraces;
}

/**
 * The lowest id that nothing knows; undefined where many are known.
 *
 * @param take asked for an id that nothing knows: false where it is promised to somebody else, and the next one is looked at.
 */
export async function untracedId(
  client: ProxmoxClient,
  node: string,
  declared: DeclaredIds,
  take: (vmid: number) => boolean = () => true,
): Promise<UntracedId | undefined> {
  const lowest = await client.cluster.nextId();
  for (let vmid = lowest; vmid < lowest + idsToTry; vmid += 1) {
    if (
      declared.owners.has(vmid) ||
      declared.isForDrills(vmid) ||
      (vmid > lowest && !(await client.cluster.isFree(vmid)))
    )
      continue;
    const traces = await tracesOf(client, { node, vmid }, declared);
    if (traces.known.length === 0 && take(vmid)) return { vmid, traces };
  }
  return undefined;
}

async function inJobs(client: ProxmoxClient, vmid: number): Promise<Look> {
  return look("the backup jobs cannot be read", async () => {
    const jobs = await client.backups.backupJobs();
    return jobs.filter((job) => names(job, vmid)).map(({ id }) => `backup job ${plainText(id)} names it`);
  });
}

function names({ vmid: selected = "", exclude = "" }: BackupJob, vmid: number): boolean {
  return `${selected},${exclude}`.split(/[\s,;]+/u).includes(String(vmid));
}

async function inHighAvailability(client: ProxmoxClient, vmid: number): Promise<Look> {
  return look("high availability cannot be read", async () => {
    const resources = await client.cluster.haResources();
    const own = resources.filter(({ sid }) => sid === `ct:${vmid}` || sid === `vm:${vmid}`);
    return own.map(({ sid }) => `high availability has a resource ${plainText(sid)}`);
  });
}

async function inReplication(client: ProxmoxClient, vmid: number): Promise<Look> {
  return look("replication cannot be read", async () => {
    const jobs = (await client.cluster.replicationJobs()).filter(({ guest }) => guest === vmid);
    return jobs.map(({ id, target }) => `replication job ${plainText(id)} to ${plainText(target)}`);
  });
}

/** Without this right Proxmox leaves archives out of its lists and says nothing. */
async function archivesAreShown(client: ProxmoxClient, vmid: number): Promise<Look> {
  const path = `/vms/${String(vmid)}`;
  const held = await client.cluster.privilegesOn(path);
  return held.has("VM.Backup") ? {} : { unknown: `archives of it cannot be seen (VM.Backup on ${path})` };
}

/** Each storage of each node that answers; a shared one once. */
async function onStorages(
  client: ProxmoxClient,
  { node: target, vmid }: { readonly node: string; readonly vmid: number },
  nodes: readonly NodeEntry[],
): Promise<Look[]> {
  const looks: Look[] = nodes
    .filter((entry) => !isOnline(entry))
    .map(({ node }) => ({ unknown: `node ${node} is offline`, isElsewhere: node !== target }));
  const shared = new Set<string>();
  for (const { node } of nodes.filter(isOnline)) {
    const isOther = node !== target;
    let storages;
    try {
      storages = await client.backups.storages(node);
    } catch (error) {
      looks.push({ unknown: `${node} does not list its storages: ${reasonOf(error)}`, isElsewhere: isOther });
      continue;
    }
    for (const { storage, shared: isShared, enabled, active, content } of storages) {
      if (enabled === false || shared.has(storage)) continue;
      const label = isShared === true ? storage : `${storage} of ${node}`;
      const isElsewhere = isOther && isShared !== true;
      if (active === false) {
        looks.push({ unknown: `storage ${label} is not active`, isElsewhere });
        continue;
      }
      if (isShared === true) shared.add(storage);
      if (mayHaveDisks({ content }) && !(await showsVolumes(client, storage, vmid))) {
        looks.push({
          unknown: `disks on ${label} cannot be seen (Datastore.Audit on /storage/${storage})`,
          isElsewhere,
        });
      }
      const found = await look(`storage ${label} could not be listed`, async () =>
        describe(await client.backups.volumesOf(node, storage, vmid), label),
      );
      looks.push({ ...found, isElsewhere });
    }
  }
  return looks;
}

function describe(volumes: readonly StoredVolume[], label: string): string[] {
  const archives = volumes.filter(({ content }) => content === "backup").length;
  const disks = volumes.filter(isDisk);
  return [
    ...(archives === 0 ? [] : [`${archives === 1 ? "an archive" : `${String(archives)} archives`} on ${label}`]),
    ...disks.map(({ volid }) => `disk ${plainText(volid)} has its number`),
  ];
}

async function look(otherwise: string, read: () => Promise<readonly string[]>): Promise<Look> {
  try {
    return { known: await read() };
  } catch (error) {
    return { unknown: `${otherwise}: ${reasonOf(error)}` };
  }
}

function reasonOf(error: unknown): string {
  if (couldNotBeAsked(error)) return error.reason;
  throw error;
}
