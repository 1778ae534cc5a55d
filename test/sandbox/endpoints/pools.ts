/** Pools of guests and storages (PVE::API2::Pool). */
import type { AccessState, PoolEntry } from "../model/state";
import { guestRow, storageRow } from "../guests/resources";
import { changeAccess } from "../model/user-configuration";
import { splitList } from "../protocol/parameters";
import type { Call, Endpoint, PermissionRule } from "../calls/endpoint";
import { death, type Json } from "../protocol/failure";
import type { ParameterTable } from "../protocol/parameters";
import { FLAG, TEXT } from "./tables";

const POOL_ID = { type: "string", format: "pve-poolid" } as const;
const MEMBER_TYPE = { type: "string", enum: ["qemu", "lxc", "storage"], optional: true } as const;

function requirePool(access: AccessState, poolid: string): PoolEntry {
  const pool = access.pools.find((candidate) => candidate.poolid === poolid);
  if (pool === undefined) throw death(`pool '${poolid}' does not exist`);
  return pool;
}

function listPools({ cluster, authority }: Call): Json {
  return cluster.state.access.pools
    .filter(({ poolid }) => authority.has(`/pool/${poolid}`, "Pool.Audit"))
    .sort((a, b) => (a.poolid < b.poolid ? -1 : 1))
    .map(({ poolid, comment }) => ({ poolid, ...(comment !== undefined && { comment }) }));
}

async function poolAnswer(call: Call): Promise<{ [key: string]: Json }> {
  const { cluster, parameters } = call;
  const pool = requirePool(cluster.state.access, parameters.required("poolid"));
  return {
    poolid: pool.poolid,
    members: await members(call, pool, parameters.text("type")),
    ...(pool.comment !== undefined && { comment: pool.comment }),
  };
}

async function members({ cluster, node }: Call, pool: PoolEntry, type: string | undefined): Promise<Json[]> {
  const guests = pool.vmids
    .map((vmid) => cluster.guest(vmid))
    .filter((guest) => guest !== undefined)
    .filter((guest) => type === undefined || guest.type === type);
  const storages = pool.storages
    .map((storage) => cluster.storage(storage))
    .filter((entry) => entry !== undefined && (type === undefined || type === "storage"))
    .filter((entry) => entry !== undefined);
  return Promise.all([
    ...guests.map((guest) => guestRow(cluster, guest)),
    ...storages.map((entry) => {
      const places = splitList(entry.options.nodes ?? node.name);
      const place = places.includes(node.name) ? node : (cluster.node(places.sort()[0] ?? "") ?? node);
      return storageRow(place, entry);
    }),
  ]);
}

function createPool({ cluster, parameters }: Call): null {
  const { access } = cluster.state;
  const poolid = parameters.required("poolid");
  const comment = parameters.text("comment") ?? "";
  changeAccess(access, "create pool failed", () => {
    if (access.pools.some((pool) => pool.poolid === poolid)) throw death(`pool '${poolid}' already exists`);
    const parent = poolid.split("/").slice(0, -1).join("/");
    if (parent !== "" && !access.pools.some((pool) => pool.poolid === parent)) {
      throw death(`parent '${parent}' of pool '${poolid}' does not exist`);
    }
    if (!/^[A-Za-z]/.test(poolid.split("/").pop() ?? "")) throw death("pool name must start with a letter");
    access.pools.push({ poolid, vmids: [], storages: [], ...(comment !== "" && { comment }) });
  });
  return null;
}

function updatePool(call: Call): null {
  const { cluster, parameters } = call;
  const { access } = cluster.state;
  changeAccess(access, "update pools failed", () => {
    const pool = requirePool(access, parameters.required("poolid"));
    const comment = parameters.text("comment");
    if (comment === "") delete pool.comment;
    else if (comment !== undefined) pool.comment = comment;
    for (const vmid of parameters.list("vms")) changeGuest(call, pool, Number(vmid));
    for (const storage of parameters.list("storage")) changeStorage(call, pool, storage);
  });
  return null;
}

function changeGuest({ cluster, authority, parameters }: Call, pool: PoolEntry, vmid: number): void {
  authority.checkAny(`/vms/${String(vmid)}`, "Permissions.Modify", "VM.Allocate");
  const isMember = pool.vmids.includes(vmid);
  if (parameters.flag("delete")) {
    if (!isMember) throw death(`VM ${String(vmid)} is not a pool member`);
    pool.vmids = pool.vmids.filter((id) => id !== vmid);
    return;
  }
  if (isMember) throw death(`VM ${String(vmid)} is already a pool member`);
  const other = cluster.state.access.pools.find((candidate) => candidate.vmids.includes(vmid));
  if (other !== undefined) {
    if (!parameters.flag("allow-move")) {
      throw death(`VM ${String(vmid)} belongs already to pool '${other.poolid}' and 'allow-move' is not set`);
    }
    authority.check(`/pool/${other.poolid}`, "Pool.Allocate");
    other.vmids = other.vmids.filter((id) => id !== vmid);
  }
  pool.vmids.push(vmid);
}

function changeStorage({ authority, parameters }: Call, pool: PoolEntry, storage: string): void {
  authority.checkAny(`/storage/${storage}`, "Permissions.Modify", "Datastore.Allocate");
  const isMember = pool.storages.includes(storage);
  if (parameters.flag("delete")) {
    if (!isMember) throw death(`Storage '${storage}' is not a pool member`);
    pool.storages = pool.storages.filter((id) => id !== storage);
    return;
  }
  if (isMember) throw death(`Storage '${storage}' is already a pool member`);
  pool.storages.push(storage);
}

/** Members that do not exist any more do not count. */
function deletePool({ cluster, parameters }: Call): null {
  const { access } = cluster.state;
  changeAccess(access, "delete pool failed", () => {
    const pool = requirePool(access, parameters.required("poolid"));
    const contents = [
      ...access.pools
        .filter((other) => other.poolid.startsWith(`${pool.poolid}/`))
        .map((sub) => `pool '${sub.poolid}'`),
      ...pool.vmids.filter((vmid) => cluster.guest(vmid) !== undefined).map((vmid) => `VM ${String(vmid)}`),
      ...pool.storages.filter((id) => cluster.storage(id) !== undefined).map((id) => `storage '${id}'`),
    ];
    if (contents[0] !== undefined) throw death(`pool '${pool.poolid}' is not empty (contains ${contents[0]})`);
    access.pools = access.pools.filter((candidate) => candidate !== pool);
    access.acl = access.acl.filter((entry) => entry.path !== `/pool/${pool.poolid}`);
  });
  return null;
}

const MAY_CHANGE: PermissionRule = { check: { path: "/pool/{poolid}", privileges: ["Pool.Allocate"] } };

const UPDATE: ParameterTable = {
  poolid: POOL_ID,
  comment: TEXT,
  vms: { type: "string", format: "pve-vmid-list", optional: true },
  storage: { type: "string", format: "pve-storage-id-list", optional: true },
  delete: FLAG,
  "allow-move": FLAG,
};

export const poolEndpoints: readonly Endpoint[] = [
  {
    method: "GET",
    path: "/pools",
    parameters: { poolid: { ...POOL_ID, optional: true }, type: { ...MEMBER_TYPE, requires: "poolid" } },
    permissions: { user: "all" },
    handler: async (call) => (call.parameters.has("poolid") ? [await poolAnswer(call)] : listPools(call)),
  },
  {
    method: "POST",
    path: "/pools",
    parameters: { poolid: POOL_ID, comment: TEXT },
    permissions: MAY_CHANGE,
    handler: createPool,
  },
  { method: "PUT", path: "/pools", parameters: UPDATE, permissions: MAY_CHANGE, handler: updatePool },
  { method: "DELETE", path: "/pools", parameters: { poolid: POOL_ID }, permissions: MAY_CHANGE, handler: deletePool },
  {
    method: "GET",
    path: "/pools/{poolid}",
    parameters: { poolid: POOL_ID, type: MEMBER_TYPE },
    permissions: { check: { path: "/pool/{poolid}", privileges: ["Pool.Audit"] } },
    handler: poolAnswer,
  },
  { method: "PUT", path: "/pools/{poolid}", parameters: UPDATE, permissions: MAY_CHANGE, handler: updatePool },
  {
    method: "DELETE",
    path: "/pools/{poolid}",
    parameters: { poolid: POOL_ID },
    permissions: MAY_CHANGE,
    handler: deletePool,
  },
];
