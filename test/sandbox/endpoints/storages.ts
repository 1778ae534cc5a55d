/** Storages: their entries (PVE::API2::Storage::Config) and their state on a node (PVE::API2::Storage::Status). */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { contentFolder, type ContentType, enabledStorage, requireStorage, whyInactive } from "../guests/storages";
import { dropKey, takeKey, type TakenKey } from "../guests/backup-server/keys";
import { hasPath, storagePath } from "../model/storage-paths";
import { storageUsage } from "../guests/usage";
import { linkSharedStorages } from "../model/shared-storages";
import type { Cluster, Node } from "../model/site";
import type { StorageEntry } from "../model/state";
import { isSharedStorage, SENSITIVE_OPTIONS, STORAGE_TYPES } from "../model/storage-types";
import type { Call, Endpoint } from "../calls/endpoint";
import { death, failureText, type Json, parameterFailure } from "../protocol/failure";
import { type Parameters, splitList } from "../protocol/parameters";
import { STORAGE_CREATE, STORAGE_TYPE_NAMES, STORAGE_UPDATE } from "./storages-table";
import { FLAG, NODE, optional, STORAGE_ID } from "./tables";

/** SHA-1 over all entries: it changes with any of them, as that of storage.cfg does. */
function storagesDigest(cluster: Cluster): string {
  return createHash("sha1").update(JSON.stringify(cluster.state.storages)).digest("hex");
}

function entryAnswer(cluster: Cluster, { storage, type, options }: StorageEntry): Json {
  const shown = Object.entries(options)
    .filter(([name]) => !SENSITIVE_OPTIONS.includes(name))
    .map(([name, text]): [string, Json] => [name, optionAnswer(name, text)]);
  return {
    ...Object.fromEntries(shown),
    storage,
    type,
    digest: storagesDigest(cluster),
    ...(isSharedStorage(type, options) && { shared: 1 }),
  };
}

function optionAnswer(name: string, text: string): Json {
  const type = STORAGE_CREATE[name]?.type;
  return type === "boolean" || type === "integer" ? Number(text) : text;
}

function listEntries({ cluster, authority, parameters }: Call): Json {
  const type = parameters.text("type");
  return cluster.state.storages
    .filter(({ storage }) => authority.hasAny(`/storage/${storage}`, "Datastore.Audit", "Datastore.AllocateSpace"))
    .filter((entry) => type === undefined || entry.type === type)
    .map((entry) => entryAnswer(cluster, entry));
}

/** Changes storage.cfg: a failure leaves it as it was and has `what` in front. */
function changeStorages(cluster: Cluster, what: string, change: () => void): void {
  const before = structuredClone(cluster.state.storages);
  try {
    change();
  } catch (failure) {
    cluster.state.storages = before;
    throw death(`${what}: ${failureText(failure)}`);
  }
}

/** The options that were sent; no nodes at all stands for every node. */
function sentOptions(parameters: Parameters): Record<string, string> {
  const sent = parameters.entries("storage", "type", "delete", "digest");
  return Object.fromEntries(sent.filter(([name, text]) => !(name === "nodes" && text === "")));
}

function checkContentTypes(content: string | undefined): void {
  const types = new Set(splitList(content ?? ""));
  if (types.has("none") && types.size > 1) throw death("unable to combine 'none' with other content types");
}

/** Folders are given in few characters, and kept without a slash at their end (DirPlugin::check_config). */
function folderPath(type: string, options: Record<string, string>): void {
  if (type !== "dir" || options.path === undefined) return;
  if (!/^\/[-/a-zA-Z0-9_.@]+$/u.test(options.path)) throw death(`illegal path for directory storage: ${options.path}`);
  options.path = options.path.replace(/\/+/gu, "/").replace(/(?<=.)\/$/u, "");
}

function checkOptions(type: string, options: Readonly<Record<string, string>>, isCreate: boolean): void {
  const known = STORAGE_TYPES.get(type);
  if (known === undefined) throw death(`storage type '${type}' is not part of this sandbox`);
  for (const name of Object.keys(options).sort()) {
    if (!known.fixed.includes(name) && !known.optional.includes(name)) throw death(`unexpected property '${name}'`);
    if (!isCreate && known.fixed.includes(name)) throw death(`can't change value of fixed parameter '${name}'`);
  }
  const missing = known.fixed.find((name) => options[name] === undefined);
  if (isCreate && missing !== undefined) throw death(`missing value for required option '${missing}'`);
}

function withoutFalseDisable(options: Readonly<Record<string, string>>): Record<string, string> {
  const { disable, ...others } = options;
  return disable === "1" ? { ...others, disable } : others;
}

function createEntry({ cluster, node, parameters }: Call): Json {
  const storage = parameters.required("storage");
  const type = parameters.required("type");
  const mounted = type === "nfs" || type === "cifs" ? { path: `/mnt/pve/${storage}` } : {};
  const options: Record<string, string> = { ...mounted, ...sentOptions(parameters) };
  checkOptions(type, options, true);
  checkContentTypes(options.content);
  folderPath(type, options);
  let key: TakenKey | undefined;
  changeStorages(cluster, "create storage failed", () => {
    if (cluster.storage(storage) !== undefined) throw death(`storage ID '${storage}' already defined`);
    const content = options.content ?? STORAGE_TYPES.get(type)?.content ?? "";
    key = keepKeys(cluster, storage, options);
    const entry = { storage, type, options: withoutFalseDisable({ ...options, content }) };
    cluster.state.storages.push(entry);
    linkSharedStorages(cluster);
    if (isEnabledOn(node, storage)) tryStorage(node, entry);
  });
  return { storage, type, ...(key === undefined ? {} : { config: { "encryption-key": key.text } }) };
}

/** Puts the keys that were sent into their files, and into the options what shows that they are there. */
function keepKeys(cluster: Cluster, storage: string, options: Record<string, string>): TakenKey | undefined {
  const { "encryption-key": sent, "master-pubkey": master } = options;
  const key = sent === undefined ? undefined : takeKey(cluster.nodes, storage, sent);
  if (key !== undefined) options["encryption-key"] = key.shown;
  if (master === undefined) return key;
  if (key === undefined) throw death("'master-pubkey' can only be used together with 'encryption-key'");
  options["master-pubkey"] = "1";
  return key;
}

function isEnabledOn(node: Node, storage: string): boolean {
  try {
    enabledStorage(node, storage);
    return true;
  } catch {
    return false;
  }
}

const SUBFOLDERS: readonly ContentType[] = ["rootdir", "images", "vztmpl", "iso", "backup", "snippets", "import"];

/** Activates a new storage once, so that what is wrong with it shows at once. */
function tryStorage(node: Node, entry: StorageEntry): void {
  const { storage, type, options } = entry;
  if (type === "nfs" || type === "cifs") throw death(`storage '${storage}' is not online`);
  if (type === "lvm" || type === "lvmthin") throw death(`no such volume group '${options.vgname ?? ""}'`);
  if (type === "zfspool") throw death(`could not activate storage '${storage}', zfs error: no such pool available`);
  const why = whyInactive(node, entry);
  if (why !== undefined) throw death(why);
  if (!hasPath(entry)) return;
  const path = storagePath(entry);
  const isMade = (options["create-base-path"] ?? options.mkdir) !== "0";
  if (isMade) mkdirSync(node.path(path), { recursive: true });
  if (!existsSync(node.path(path))) {
    throw death(`unable to activate storage '${storage}' - directory '${path}' does not exist or is unreachable`);
  }
  if ((options["create-subdirs"] ?? options.mkdir) === "0") return;
  const held = splitList(options.content ?? "");
  for (const content of SUBFOLDERS.filter((one) => held.includes(one))) {
    mkdirSync(node.path(contentFolder(entry, content)), { recursive: true });
  }
}

function updateEntry({ cluster, parameters }: Call): Json {
  const storage = parameters.required("storage");
  const deleted = parameters.list("delete");
  const sent = sentOptions(parameters);
  let key: TakenKey | undefined;
  changeStorages(cluster, "update storage failed", () => {
    const digest = parameters.text("digest");
    if (digest !== undefined && digest !== storagesDigest(cluster)) {
      throw death("detected modified configuration - file changed by other user? Try again.");
    }
    const entry = requireStorage(cluster, storage);
    checkOptions(entry.type, sent, false);
    checkContentTypes(sent.content);
    for (const name of deleted) checkDeletion(entry.type, name, sent);
    key = keepKeys(cluster, storage, sent);
    if (deleted.includes("encryption-key")) dropKey(cluster.nodes, storage);
    const cleared = parameters.text("nodes") === "" ? [...deleted, "nodes"] : deleted;
    const kept = Object.entries(entry.options).filter(([name]) => !cleared.includes(name));
    entry.options = withoutFalseDisable({ ...Object.fromEntries(kept), ...sent });
    entry.options.content ??= STORAGE_TYPES.get(entry.type)?.content ?? "";
  });
  const { type } = requireStorage(cluster, storage);
  return { storage, type, ...(key === undefined ? {} : { config: { "encryption-key": key.text } }) };
}

function checkDeletion(type: string, name: string, sent: Readonly<Record<string, string>>): void {
  const known = STORAGE_TYPES.get(type);
  if (known?.fixed.includes(name)) throw death(`unable to delete required option '${name}'`);
  if (!known?.optional.includes(name)) throw death(`no such option '${name}'`);
  if (sent[name] !== undefined) throw death(`cannot set and delete property '${name}' at the same time!`);
}

/** Removes the entry and its access rules; the data stays. */
function deleteEntry({ cluster, parameters }: Call): null {
  const storage = parameters.required("storage");
  changeStorages(cluster, "delete storage failed", () => {
    const entry = requireStorage(cluster, storage);
    cluster.state.storages = cluster.state.storages.filter((candidate) => candidate !== entry);
    dropKey(cluster.nodes, storage);
  });
  const { access } = cluster.state;
  access.acl = access.acl.filter((entry) => entry.path !== `/storage/${storage}`);
  for (const pool of access.pools) pool.storages = pool.storages.filter((candidate) => candidate !== storage);
  return null;
}

/** What a node says of a storage; one that is switched off or unreachable has no numbers. */
async function nodeStatus(node: Node, entry: StorageEntry): Promise<Record<string, Json>> {
  const isEnabled = isEnabledOn(node, entry.storage);
  const isThere = !hasPath(entry) || existsSync(node.path(storagePath(entry)));
  const isActive = isEnabled && isThere && whyInactive(node, entry) === undefined;
  const usage = isActive ? await storageUsage(node, entry) : { total: 0, used: 0, avail: 0 };
  return {
    type: entry.type,
    content: entry.options.content ?? "",
    enabled: isEnabled ? 1 : 0,
    active: isActive ? 1 : 0,
    shared: isSharedStorage(entry.type, entry.options) ? 1 : 0,
    ...usage,
  };
}

async function listStatus({ cluster, node, authority, parameters }: Call): Promise<Json> {
  const wanted = parameters.list("content");
  const id = parameters.text("storage");
  if (id !== undefined && cluster.storage(id) === undefined) throw parameterFailure({ storage: "No such storage." });
  const entries = cluster.state.storages
    .filter(({ storage }) => id === undefined || storage === id)
    .filter(({ storage }) => authority.hasAny(`/storage/${storage}`, "Datastore.Audit", "Datastore.AllocateSpace"))
    .filter(
      ({ options }) => wanted.length === 0 || splitList(options.content ?? "").some((one) => wanted.includes(one)),
    )
    .filter(({ storage }) => parameters.flag("enabled") !== true || isEnabledOn(node, storage))
    .filter(({ storage }) => isOnTarget(cluster, storage, parameters.text("target")));
  return Promise.all(entries.map((entry) => statusRow(node, entry)));
}

function isOnTarget(cluster: Cluster, storage: string, target: string | undefined): boolean {
  const node = target === undefined ? undefined : cluster.node(target);
  return node === undefined || isEnabledOn(node, storage);
}

async function statusRow(node: Node, entry: StorageEntry): Promise<Json> {
  const status = await nodeStatus(node, entry);
  const total = Number(status.total);
  const fraction = total === 0 ? {} : { used_fraction: Number(status.used) / total };
  return { storage: entry.storage, ...status, ...fraction };
}

async function readStatus({ cluster, node, parameters }: Call): Promise<Json> {
  const entry = cluster.storage(parameters.required("storage"));
  if (entry === undefined) throw parameterFailure({ storage: "No such storage." });
  return nodeStatus(node, entry);
}

const MAY_SEE = {
  check: { path: "/storage/{storage}", privileges: ["Datastore.Audit", "Datastore.AllocateSpace"], any: true },
} as const;
const MAY_CHANGE = { check: { path: "/storage", privileges: ["Datastore.Allocate"] } } as const;
const SUBFOLDERS_OF_STATUS = ["content", "download-url", "file-restore", "import-metadata", "prunebackups", "rrd"];

export const storageEndpoints: readonly Endpoint[] = [
  {
    method: "GET",
    path: "/storage",
    parameters: { type: { type: "string", enum: STORAGE_TYPE_NAMES, optional: true } },
    permissions: { user: "all" },
    handler: listEntries,
  },
  { method: "POST", path: "/storage", parameters: STORAGE_CREATE, permissions: MAY_CHANGE, handler: createEntry },
  {
    method: "GET",
    path: "/storage/{storage}",
    parameters: { storage: STORAGE_ID },
    permissions: { check: { path: "/storage/{storage}", privileges: ["Datastore.Allocate"] } },
    handler: ({ cluster, parameters }) => entryAnswer(cluster, requireStorage(cluster, parameters.required("storage"))),
  },
  {
    method: "PUT",
    path: "/storage/{storage}",
    parameters: STORAGE_UPDATE,
    permissions: MAY_CHANGE,
    handler: updateEntry,
  },
  {
    method: "DELETE",
    path: "/storage/{storage}",
    parameters: { storage: STORAGE_ID },
    permissions: MAY_CHANGE,
    handler: deleteEntry,
  },
  {
    method: "GET",
    path: "/nodes/{node}/storage",
    parameters: {
      node: NODE,
      content: { type: "string", format: "pve-storage-content-list", optional: true },
      enabled: FLAG,
      format: FLAG,
      storage: optional(STORAGE_ID),
      target: optional(NODE),
    },
    permissions: { user: "all" },
    handler: listStatus,
  },
  {
    method: "GET",
    path: "/nodes/{node}/storage/{storage}",
    parameters: { node: NODE, storage: STORAGE_ID },
    permissions: MAY_SEE,
    handler: () => SUBFOLDERS_OF_STATUS.map((subdir) => ({ subdir })),
  },
  {
    method: "GET",
    path: "/nodes/{node}/storage/{storage}/status",
    parameters: { node: NODE, storage: STORAGE_ID },
    permissions: MAY_SEE,
    handler: readStatus,
  },
];
