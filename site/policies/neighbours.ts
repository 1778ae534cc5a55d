import type { BackupStorageSettings, Environment } from "../settings/environment";
import { at, isMapping } from "../settings/schema-tools";

/** What one environment has to know of another beside it. */
export interface Neighbour {
  readonly name: string;
  readonly endpoint: string;
  /** Where its archives go, in a form that two environments can compare; undefined where nobody else can write. */
  readonly store: string | undefined;
  /** Ids of its guests that are backed up. */
  readonly ids: readonly number[];
}

/** Where archives go, for a storage that several nodes can reach; undefined for a folder on one node. */
export function storeOf(storage: BackupStorageSettings): string | undefined {
  switch (storage.type) {
    case "nfs":
      return `nfs ${storage.server}:${storage.export}`;
    case "pbs":
      return `pbs ${storage.server}:${storage.datastore}/${storage.namespace ?? ""}`;
    case "dir":
    case "adopted":
      return undefined;
  }
}

/** An environment as its neighbours see it. */
export function neighbourFrom(name: string, { proxmox, backup, guests }: Environment): Neighbour {
  const ids = guests.filter(({ optOut }) => optOut === undefined).map(({ id }) => id);
  return { name, endpoint: proxmox.endpoint, store: storeOf(backup.storage), ids };
}

/**
 * What the settings of another environment say, as far as they can be read: they may hold mistakes or secrets of their own,
 * which are not this environment's business.
 *
 * @param raw the `lifeboat:*` keys of its file without their namespace.
 */
export function neighbourOf(name: string, raw: unknown): Neighbour {
  const storage = at(at(raw, "backup"), "storage");
  const guests = at(raw, "guests");
  return {
    name,
    endpoint: textOf(at(at(raw, "proxmox"), "endpoint")).replace(/\/$/u, ""),
    store: rawStore(storage),
    ids: isMapping(guests) ? Object.values(guests).flatMap(idOf) : [],
  };
}

function rawStore(storage: unknown): string | undefined {
  const [type, server] = [at(storage, "type"), textOf(at(storage, "server"))];
  if (type === "nfs") return `nfs ${server}:${textOf(at(storage, "export"))}`;
  if (type === "pbs") {
    return `pbs ${server}:${textOf(at(storage, "datastore"))}/${textOf(at(storage, "namespace"))}`;
  }
  return undefined;
}

function idOf(guest: unknown): number[] {
  const id = Number(at(guest, "adopt") ?? at(guest, "id"));
  return Number.isInteger(id) && at(guest, "backup") === undefined ? [id] : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
