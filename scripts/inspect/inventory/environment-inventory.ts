import { formatRetention } from "../../../proxmox/rules/retention";
import { nodesOf } from "../../../site/needs";
import type { Environment, PointInTimeSettings } from "../../../site/settings/environment";
import { recoveryBucket, recoveryName } from "../../../site/state-store/recovery-names";
import type { CommandContext } from "../../project/context";
import type { LoadedEnvironment } from "../../project/site";
import { lookAtNodes, looked, type Looked, type NodeLook } from "../check/look";
import { type DataStatus, inspectDataOf } from "../status/data-status";
import { retentionOf } from "../status/environment-status";
import { inspectOffsite, type OffsiteStatus } from "../status/offsite-status";
import { inspectState, type StateStatus } from "../status/state-status";
import type { Surroundings } from "../status/surroundings";
import { inspectJournals } from "../status/unfinished";
import { inventoryOfGuest } from "./guest-inventory";
import type { InventoryEnvironment } from "./inventory";
import { onlyPulumi } from "./words";

/** Looks at an environment; what cannot be looked at keeps nothing else from being told. Read only. */
export async function inventoryOf(
  environment: LoadedEnvironment,
  surroundings: Surroundings,
  context: CommandContext,
): Promise<InventoryEnvironment> {
  const { name, settings } = environment;
  const journals = inspectJournals(environment, context);
  const [nodes, state, offsite] = await Promise.all([
    looked(context, () => lookAtNodes(environment, surroundings, journals, context)),
    looked(context, () => inspectState(environment, surroundings.site, context)),
    looked(context, () => inspectOffsite(environment, context)),
  ]);
  const look = "value" in nodes ? nodes.value : undefined;
  const data = await looked(context, () => inspectDataOf(environment, look?.status.guests ?? [], context));
  return {
    name,
    profile: settings.profile,
    endpoint: settings.proxmox.endpoint,
    nodes: nodesOf(settings),
    timeZone: look?.facts.timeZone ?? null,
    unseen: reasonOf(nodes),
    job: jobOf(settings, look),
    storages: storagesOf(settings, look),
    guests: settings.guests.map((guest) => inventoryOfGuest(guest, look)),
    notCovered:
      look === undefined
        ? null
        : look.facts.notCovered.map(({ id, name: called, type }) => ({ id, name: called, type })),
    data: dataOf(settings, data),
    offsite: offsiteOf(settings, offsite),
    state: stateOf(state),
  };
}

function reasonOf(look: Looked<unknown>): string | null {
  return "failure" in look ? look.failure.reason : null;
}

function jobOf({ backup }: Environment, look: NodeLook | undefined): InventoryEnvironment["job"] {
  const { jobId, storage, schedule, mode, compress, keep, enabled } = backup;
  const declared = { id: jobId, storage: storage.id, schedule, mode, compress, keep: formatRetention(keep), enabled };
  if (look === undefined) return { ...declared, found: null, nextRun: null, lastRuns: null };
  const { job } = look.facts;
  const kept = job && retentionOf(job);
  const { nextRun, lastRuns } = look.status.job;
  return {
    ...declared,
    found: {
      exists: job !== undefined,
      enabled: job?.enabled ?? null,
      schedule: job?.schedule ?? null,
      storage: job?.storage ?? null,
      keep: kept === undefined ? null : formatRetention(kept),
    },
    nextRun: nextRun ?? null,
    lastRuns: lastRuns.map(({ node, started, result, succeeded }) => ({ node, started, result, succeeded })),
  };
}

/** Every storage for backups that the nodes have, and the declared one also where they do not have it. */
function storagesOf({ backup, proxmox }: Environment, look: NodeLook | undefined): InventoryEnvironment["storages"] {
  const { id } = backup.storage;
  const { storages = [], archives = [] } = look?.facts.storages ?? {};
  const found = storages.map(({ storage, node, shared, active, used, total }) => ({
    storage,
    node,
    shared,
    active,
    declared: storage === id,
    used: used ?? null,
    total: total ?? null,
    archives: active ? archives.filter((one) => isOn(one, { storage, node, shared })).length : null,
  }));
  if (found.some(({ declared }) => declared)) return found;
  const unknown = { shared: null, active: null, used: null, total: null, archives: null };
  return [...found, { storage: id, node: proxmox.node, declared: true, ...unknown }];
}

function isOn(
  archive: { readonly volid: string; readonly node: string },
  { storage, node, shared }: { readonly storage: string; readonly node: string; readonly shared: boolean },
): boolean {
  return archive.volid.startsWith(`${storage}:`) && (shared || archive.node === node);
}

function dataOf({ name, guests }: Environment, seen: Looked<DataStatus[] | undefined>): InventoryEnvironment["data"] {
  return guests.flatMap((guest) =>
    guest.data.map((source) => {
      const { kind, at, enabled, folder, keep, recipients } = source;
      const known =
        "value" in seen ? seen.value?.find((one) => one.guest === guest.name && one.source === source.name) : undefined;
      const unseen = "failure" in seen ? seen.failure.reason : (known?.unseen ?? null);
      const newest = known?.newest ?? null;
      return {
        guest: guest.name,
        source: source.name,
        kind,
        at,
        enabled,
        folder,
        keep,
        unseen,
        encrypted: recipients.length > 0,
        pointInTime: source.kind === "postgres" ? placeOfWal(name, guest.name, source.pointInTime) : null,
        dumps: known === undefined || unseen !== null ? null : known.dumps,
        newest: newest === null ? null : { dump: newest.dump, time: newest.time, bytes: newest.bytes },
      };
    }),
  );
}

function placeOfWal(environment: string, guest: string, settings: PointInTimeSettings | undefined): string | null {
  if (settings === undefined) return null;
  const { store } = settings;
  const own = `s3://${recoveryBucket(recoveryName(environment, guest))} in the site's state store`;
  return store === undefined ? own : `s3://${store.bucket} at ${store.endpoint}`;
}

function offsiteOf({ offsite }: Environment, seen: Looked<OffsiteStatus | undefined>): InventoryEnvironment["offsite"] {
  if (offsite === undefined) return null;
  const { retention, expire, bucket, endpoint } = offsite;
  const declared = { place: `s3://${bucket} at ${endpoint}`, retentionSeconds: retention, expireSeconds: expire };
  const unseen = "failure" in seen ? seen.failure.reason : (seen.value?.trouble ?? null);
  if (unseen !== null || "failure" in seen) return { ...declared, unseen, copies: null };
  const copies = (seen.value?.copies ?? []).map(({ newest, ...copy }) => ({ ...copy, newest: newest ?? null }));
  return { ...declared, unseen, copies };
}

function stateOf(seen: Looked<StateStatus | undefined>): InventoryEnvironment["state"] {
  const nothing = { lives: null, place: null, modified: null, damage: null, copies: [] };
  if ("failure" in seen) return { ...nothing, unseen: seen.failure.reason };
  if (seen.value === undefined) return { ...nothing, unseen: onlyPulumi };
  const { lives, place, modified, trouble, damage, copies } = seen.value;
  return {
    lives,
    place,
    modified: modified ?? null,
    unseen: trouble ?? null,
    damage: damage ?? null,
    copies: copies.map(({ kind, place: where, time, isOlder, trouble: why }) => ({
      kind,
      place: where,
      time: time ?? null,
      isOlder: isOlder ?? null,
      unseen: why ?? null,
    })),
  };
}
