import type { StorageEntry, TaskEntry } from "../proxmox/api/answers";
import type { ProxmoxClient } from "../proxmox/api/client";
import { readFirewallSwitches } from "../proxmox/api/firewall-switches";
import { unlessHidden } from "../proxmox/api/unless-hidden";
import { formatRetention, parseRetention, parseRetentionObject, type Retention } from "../proxmox/rules/retention";
import { liveDisks } from "../site/live-disks";
import type { LiveDisk } from "../site/policies/coverage";
import { firewalledGuests } from "../site/policies/firewall";
import type { JobArchive } from "../site/policies/hazards";
import type { Neighbour } from "../site/policies/neighbours";
import type { PolicyFacts } from "../site/policies/policies";
import type { AdoptedGuest, Environment } from "../site/settings/environment";
import { mapLimited } from "../site/map-limited";

/**
 * Asks Proxmox what the policies have to know, with GETs only. What the token may not see is taken for unknown: a policy
 * then says less.
 *
 * @throws ProxmoxError when the node cannot be asked at all.
 */
export async function gatherPolicyFacts(
  client: ProxmoxClient,
  environment: Environment,
  neighbours: readonly Neighbour[],
): Promise<PolicyFacts> {
  const { node } = environment.proxmox;
  const adopted = environment.guests.filter((guest) => guest.kind === "adopted");
  const [clock, storages, tasks, retention, adoptedDisks, storageRetention, firewall] = await Promise.all([
    client.cluster.nodeTime(node),
    client.backups.storages(node),
    unlessHidden(client.tasks.list(node, { typefilter: "vzdump", limit: 50 })),
    presentRetention(client, environment),
    disksOf(client, adopted),
    retentionOfStorage(client, environment),
    readFirewallSwitches(
      client,
      firewalledGuests(environment).map(({ id }) => id),
    ),
  ]);
  const changes = retention !== undefined && formatRetention(retention) !== formatRetention(environment.backup.keep);
  return {
    now: clock.time,
    timeZone: clock.timezone,
    lastRun: lastRunOf(tasks ?? []),
    adoptedDisks,
    storage: { shared: sharedOf(storages, environment), retention: storageRetention },
    presentRetention: changes ? retention : undefined,
    archives: changes ? await archivesOf(client, environment) : [],
    neighbours,
    firewall,
  };
}

/** Seconds of the newest run over several guests that has ended: runs of one guest are made by hand. */
function lastRunOf(tasks: readonly TaskEntry[]): number | undefined {
  const run = tasks.find(({ type, id = "", endtime }) => type === "vzdump" && id === "" && endtime !== undefined);
  return run?.endtime === undefined ? undefined : Math.max(0, run.endtime - run.starttime);
}

async function presentRetention(client: ProxmoxClient, { backup }: Environment): Promise<Retention | undefined> {
  const job = await unlessHidden(client.backups.backupJob(backup.jobId));
  const found = job?.["prune-backups"];
  if (found === undefined) return undefined;
  return typeof found === "string" ? parseRetention(found) : parseRetentionObject(found);
}

/** Needs `Datastore.Allocate`: without it nothing is said about a second retention. */
async function retentionOfStorage(client: ProxmoxClient, { backup }: Environment): Promise<string | undefined> {
  const found = (await unlessHidden(client.backups.storageDefinition(backup.storage.id)))?.["prune-backups"];
  return found === undefined || found === "keep-all=1" ? undefined : found;
}

function sharedOf(storages: readonly StorageEntry[], { backup }: Environment): boolean | undefined {
  const entry = storages.find(({ storage }) => storage === backup.storage.id);
  return entry === undefined ? undefined : entry.shared === true;
}

async function disksOf(
  client: ProxmoxClient,
  adopted: readonly AdoptedGuest[],
): Promise<ReadonlyMap<number, readonly LiveDisk[]>> {
  if (adopted.length === 0) return new Map();
  const listed = new Map((await client.cluster.guests()).map((guest) => [guest.vmid, guest]));
  const found = await mapLimited(adopted, async ({ id }): Promise<[number, LiveDisk[]][]> => {
    const guest = listed.get(id);
    if (guest === undefined) return [];
    const configuration = await unlessHidden(client.guests.guestConfig(guest));
    return configuration === undefined ? [] : [[id, liveDisks(guest.type, configuration)]];
  });
  return new Map(found.flat());
}

/** Undefined where the storage cannot be listed. */
async function archivesOf(
  client: ProxmoxClient,
  { backup, guests, proxmox }: Environment,
): Promise<JobArchive[] | undefined> {
  const ids = new Set(guests.map(({ id }) => id));
  const listed = await unlessHidden(client.backups.archives(proxmox.node, backup.storage.id));
  return listed?.flatMap(({ volid, vmid, ctime, protected: isProtected }) =>
    vmid !== undefined && ids.has(vmid) ? [{ volid, vmid, time: ctime, protected: isProtected }] : [],
  );
}
