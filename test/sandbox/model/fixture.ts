/**
 * Start-up states: JSON files that say what a site is before its first request. The form is that of the recordings'
 * fixtures; a file with `clusters` holds several of them, one for each standalone node or cluster.
 */
import * as z from "zod";
import { hashPassword, hashTokenSecret } from "./secrets";
import type { AccessState, BackupServerState, ClusterState, StorageEntry } from "./state";

const flag = z.union([z.literal(0), z.literal(1), z.boolean()]).transform(Boolean);

const nodeSchema = z.object({
  node: z.string(),
  address: z.string(),
  timezone: z.string().default("UTC"),
  cluster: z.string().nullable().default(null),
  version: z.object({ version: z.string(), release: z.string(), repoid: z.string() }),
});

const accessSchema = z.object({
  users: z.array(
    z.object({
      userid: z.string(),
      enable: flag.default(true),
      expire: z.number().default(0),
      password: z.string().optional(),
      comment: z.string().optional(),
    }),
  ),
  tokens: z
    .array(
      z.object({
        userid: z.string(),
        tokenid: z.string(),
        privsep: flag.default(true),
        expire: z.number().default(0),
        value: z.string(),
        comment: z.string().optional(),
      }),
    )
    .default([]),
  groups: z
    .array(z.object({ groupid: z.string(), comment: z.string().optional(), members: z.array(z.string()).default([]) }))
    .default([]),
  pools: z
    .array(
      z.object({
        poolid: z.string(),
        comment: z.string().optional(),
        vmids: z.array(z.number()).default([]),
        storages: z.array(z.string()).default([]),
      }),
    )
    .default([]),
  /** Own roles; a text only says that there are none besides the built-in ones. */
  roles: z
    .union([z.string().transform(() => []), z.array(z.object({ roleid: z.string(), privileges: z.array(z.string()) }))])
    .default([]),
  acl: z
    .array(
      z.object({
        path: z.string(),
        type: z.enum(["user", "group", "token"]),
        ugid: z.string(),
        roleid: z.string(),
        propagate: flag.default(true),
      }),
    )
    .default([]),
});

const volumeSchema = z.object({
  volid: z.string(),
  format: z.enum(["raw", "subvol", "qcow2", "vmdk"]),
  path: z.string(),
  size: z.number().default(0),
  folders: z.array(z.string()).default([]),
  files: z.record(z.string(), z.string()).default({}),
});

const guestSchema = z.object({
  vmid: z.number(),
  type: z.enum(["lxc", "qemu"]),
  node: z.string(),
  status: z.enum(["running", "stopped"]).default("stopped"),
  config: z.string(),
  volumes: z.array(volumeSchema).default([]),
});

const fileSchema = z.object({
  /** The first one unless another is named. */
  node: z.string().optional(),
  volid: z.string(),
  path: z.string(),
  format: z.string(),
  folders: z.array(z.string()).default([]),
  files: z.record(z.string(), z.string()).default({}),
  virtualSize: z.number().optional(),
  text: z.string().optional(),
});

/** Known to all clusters, whichever names it. */
const backupServerSchema = z.object({
  server: z.string(),
  datastores: z.array(z.string()),
  fingerprint: z.string().optional(),
  users: z.array(z.object({ userid: z.string(), password: z.string() })),
});

const clusterSchema = z.object({
  nodes: z.array(nodeSchema).min(1),
  storage: z.array(z.record(z.string(), z.union([z.string(), z.number()]))),
  access: accessSchema,
  network: z.array(z.object({ node: z.string(), interfaces: z.string() })).default([]),
  guests: z.array(guestSchema).default([]),
  files: z.array(fileSchema).default([]),
  urls: z.array(z.object({ url: z.string(), contentType: z.string(), text: z.string() })).default([]),
  backupServers: z.array(backupServerSchema).default([]),
});

const fixtureSchema = z.union([
  z.object({ clusters: z.array(clusterSchema).min(1) }).transform(({ clusters }) => clusters),
  clusterSchema.transform((cluster) => [cluster]),
]);

/** A volume's or file's content, to be made on the nodes once the site knows them. */
export type FixtureVolume = z.infer<typeof volumeSchema> & { node: string };
export type FixtureFile = Omit<z.infer<typeof fileSchema>, "node"> & { node: string };

export interface Fixture {
  clusters: ClusterState[];
  backupServers: BackupServerState[];
  volumes: FixtureVolume[];
  files: FixtureFile[];
}

/** Reads a fixture; throws with the path of what is wrong. */
export function parseFixture(text: string): Fixture {
  const parsed = fixtureSchema.parse(JSON.parse(text));
  return {
    clusters: parsed.map(clusterState),
    backupServers: parsed.flatMap(({ backupServers }) => backupServers).map(backupServer),
    volumes: parsed.flatMap(({ guests }) =>
      guests.flatMap((guest) => guest.volumes.map((volume) => ({ ...volume, node: guest.node }))),
    ),
    files: parsed.flatMap(({ files, nodes }) =>
      files.map((file) => ({ ...file, node: file.node ?? nodes[0]?.node ?? "" })),
    ),
  };
}

function backupServer({ users, fingerprint, ...server }: z.infer<typeof backupServerSchema>): BackupServerState {
  return {
    ...server,
    ...(fingerprint !== undefined && { fingerprint }),
    users: users.map(({ userid, password }) => ({ userid, secretHash: hashTokenSecret(password) })),
  };
}

function clusterState(cluster: z.infer<typeof clusterSchema>): ClusterState {
  return {
    name: cluster.nodes[0]?.cluster ?? null,
    nodes: cluster.nodes.map(({ node, address, timezone, version }) => ({
      node,
      address,
      timezone,
      version,
      interfaces:
        cluster.network.find((entry) => entry.node === node)?.interfaces ?? "auto lo\niface lo inet loopback\n",
    })),
    storages: cluster.storage.map(storageEntry),
    access: accessState(cluster.access),
    jobs: [],
    guests: cluster.guests.map(({ vmid, type, node, status, config }) => ({
      vmid,
      type,
      node,
      status,
      configuration: config,
    })),
    volumes: cluster.guests.flatMap(({ node, volumes }) =>
      volumes.map(({ volid, format, path, size }) => ({ node, volid, format, path, size })),
    ),
    options: {},
    urls: cluster.urls,
  };
}

function storageEntry(fields: Readonly<Record<string, string | number>>): StorageEntry {
  const { storage, type, capacity, ...options } = fields;
  const texts = Object.entries(options).map(([key, value]): [string, string] => [key, String(value)]);
  return {
    storage: String(storage),
    type: String(type),
    options: Object.fromEntries(texts),
    ...(capacity !== undefined && { capacity: Number(capacity) }),
  };
}

function accessState(access: z.infer<typeof accessSchema>): AccessState {
  return {
    users: access.users.map(({ password, comment, ...user }) => ({
      ...user,
      ...(password !== undefined && { password: hashPassword(password) }),
      ...(comment !== undefined && { comment }),
    })),
    tokens: access.tokens.map(({ value, comment, ...token }) => ({
      ...token,
      secretHash: hashTokenSecret(value),
      ...(comment !== undefined && { comment }),
    })),
    groups: access.groups.map(({ comment, ...group }) => ({ ...group, ...(comment !== undefined && { comment }) })),
    pools: access.pools.map(({ comment, ...pool }) => ({ ...pool, ...(comment !== undefined && { comment }) })),
    roles: access.roles,
    acl: access.acl,
  };
}
