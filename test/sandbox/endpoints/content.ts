import type { Call, Endpoint } from "../calls/endpoint";
import { death, parameterFailure, type Json } from "../protocol/failure";
import type { ParameterSchema } from "../protocol/parameters";
import { CONTENT_TYPES, checkVolumeAccess, enabledStorage, parseVolume, volumePath } from "../guests/storages";
import { checkProtectable, listContent, removeVolume, setNotes, setProtected, volumeDetails } from "../guests/content";
import type { PruneRequest } from "../guests/listed-volumes";
import { prune, pruneMarks } from "../guests/pruning";

const node: ParameterSchema = { type: "string", format: "pve-node" };
const storage: ParameterSchema = { type: "string", format: "pve-storage-id" };
const volume: ParameterSchema = { type: "string" };
const optionalGuest: ParameterSchema = {
  type: "integer",
  optional: true,
  format: "pve-vmid",
  minimum: 100,
  maximum: 999_999_999,
};

const STORAGE_PATH = "/nodes/{node}/storage/{storage}";
const VOLUME_PATH = `${STORAGE_PATH}/content/{volume}`;

const mayLook = {
  check: { path: "/storage/{storage}", privileges: ["Datastore.Audit", "Datastore.AllocateSpace"], any: true },
} as const;

const list: Endpoint = {
  method: "GET",
  path: `${STORAGE_PATH}/content`,
  parameters: {
    node,
    storage,
    content: { type: "string", optional: true, format: "pve-storage-content" },
    vmid: optionalGuest,
  },
  permissions: mayLook,
  handler: async (call) => {
    const { parameters, cluster, authority } = call;
    const wanted = parameters.text("content");
    const content = CONTENT_TYPES.find((type) => type === wanted);
    if (wanted !== undefined && content === undefined) return [];
    const volumes = await listContent(call.node, parameters.required("storage"), parameters.integer("vmid"), content);
    return volumes
      .filter(({ volid }) => passes(() => checkVolumeAccess(cluster, authority, undefined, volid)))
      .map((entry): Json => ({ ...entry }));
  },
};

/** What the caller may not see is left out of lists without a word. */
function passes(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

/** The volume id that a path names: with its storage, or the part behind it. */
function volumeId(call: Call): string {
  const named = call.parameters.required("volume");
  const id = call.parameters.required("storage");
  if (!named.includes(":")) return `${id}:${named}`;
  const own = named.slice(0, named.indexOf(":"));
  if (own !== id) throw parameterFailure({ volume: `storage ID mismatch (${own} != ${id})\n` });
  return named;
}

const details: Endpoint = {
  method: "GET",
  path: VOLUME_PATH,
  parameters: { node, storage: { ...storage, optional: true }, volume },
  permissions: { user: "all" },
  handler: async (call) => {
    const volid = volumeId(call);
    checkVolumeAccess(call.cluster, call.authority, undefined, volid);
    return { ...(await volumeDetails(call.node, volid)) };
  },
};

const change: Endpoint = {
  method: "PUT",
  path: VOLUME_PATH,
  parameters: {
    node,
    storage: { ...storage, optional: true },
    volume,
    notes: { type: "string", optional: true },
    protected: { type: "boolean", optional: true },
  },
  permissions: { user: "all" },
  handler: async (call) => {
    const volid = volumeId(call);
    checkVolumeAccess(call.cluster, call.authority, undefined, volid);
    const notes = call.parameters.text("notes");
    const isProtected = call.parameters.flag("protected");
    if (notes !== undefined) await setNotes(call.node, volid, notes);
    if (isProtected === true) await checkProtectable(call.node, volid, call.authority);
    if (isProtected !== undefined) await setProtected(call.node, volid, isProtected);
    return null;
  },
};

const remove: Endpoint = {
  method: "DELETE",
  path: VOLUME_PATH,
  parameters: {
    node,
    storage: { ...storage, optional: true },
    volume,
    delay: { type: "integer", optional: true, minimum: 1, maximum: 30 },
  },
  permissions: { user: "all" },
  handler: async (call) => {
    const volid = volumeId(call);
    const parsed = parseVolume(call.cluster, volid);
    const id = parsed.storage.storage;
    if (parsed.content === "backup" && parsed.owner !== undefined) {
      call.authority.check(`/storage/${id}`, "Datastore.AllocateSpace");
      call.authority.check(`/vms/${parsed.owner}`, "VM.Backup");
    } else call.authority.check(`/storage/${id}`, "Datastore.Allocate");
    const taskId = `${parsed.owner === undefined ? "" : `${parsed.owner}@`}${id}`;
    const upid = call.node.tasks.start("imgdel", taskId, call.caller.name, async (task) => {
      await task.checkpoint("removing");
      await removeVolume(call.node, volid, task.log);
      task.log(`Removed volume '${volid}'`);
    });
    return waitFor(call, upid, call.parameters.integer("delay"));
  },
};

/** Null when the task ended well within the time; its failure as the call's own; else the UPID. */
async function waitFor(call: Call, upid: string, seconds: number | undefined): Promise<string | null> {
  if (seconds === undefined) return upid;
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), seconds * 1000);
  });
  const status = await Promise.race([call.node.tasks.wait(upid), timeUp]);
  clearTimeout(timer);
  if (status === undefined) return upid;
  if (status === "OK" || status.startsWith("WARNINGS: ")) return null;
  throw death(status);
}

const guestType: ParameterSchema = { type: "string", optional: true, enum: ["qemu", "lxc"] };
const retention: ParameterSchema = { type: "string", optional: true, format: "prune-backups" };

function pruneRequest(call: Call): PruneRequest {
  const { parameters } = call;
  return {
    storage: parameters.required("storage"),
    retention: parameters.text("prune-backups"),
    vmid: parameters.integer("vmid"),
    type: parameters.text("type"),
  };
}

const pruneDryRun: Endpoint = {
  method: "GET",
  path: `${STORAGE_PATH}/prunebackups`,
  parameters: { node, storage, "prune-backups": retention, type: guestType, vmid: optionalGuest },
  permissions: mayLook,
  handler: async (call) => (await pruneMarks(call.node, pruneRequest(call))).map((entry): Json => ({ ...entry })),
};

const pruneNow: Endpoint = {
  method: "DELETE",
  path: `${STORAGE_PATH}/prunebackups`,
  parameters: { node, storage, "prune-backups": retention, type: guestType, vmid: optionalGuest },
  permissions: { user: "all" },
  handler: (call) => {
    const request = pruneRequest(call);
    const { authority } = call;
    if (request.vmid === undefined) authority.check(`/storage/${request.storage}`, "Datastore.Allocate");
    else {
      authority.check(`/storage/${request.storage}`, "Datastore.AllocateSpace");
      authority.check(`/vms/${request.vmid}`, "VM.Backup");
    }
    const taskId = `${request.vmid === undefined ? "" : `${request.vmid}@`}${request.storage}`;
    return call.node.tasks.start("prunebackups", taskId, call.caller.name, async (task) => {
      await task.checkpoint("pruning");
      await prune(call.node, request, (_level, text) => task.log(text));
    });
  },
};

/** Single files can be read out of archives on a Proxmox Backup Server only. */
function fileRestore(action: "list" | "download"): Endpoint {
  return {
    method: "GET",
    path: `${STORAGE_PATH}/file-restore/${action}`,
    parameters: {
      node,
      storage,
      volume,
      filepath: { type: "string" },
      ...(action === "download" ? { tar: { type: "boolean", optional: true } } : {}),
    },
    permissions: { user: "all" },
    handler: (call) => {
      const named = call.parameters.required("volume");
      const volid = named.includes(":") ? named : `${call.parameters.required("storage")}:${named}`;
      checkVolumeAccess(call.cluster, call.authority, undefined, volid, "backup");
      enabledStorage(call.node, call.parameters.required("storage"));
      volumePath(parseVolume(call.cluster, volid));
      throw parameterFailure({ storage: "Only PBS storages supported for file-restore." });
    },
  };
}

export const contentEndpoints: readonly Endpoint[] = [
  list,
  details,
  change,
  remove,
  pruneDryRun,
  pruneNow,
  fileRestore("list"),
  fileRestore("download"),
];
