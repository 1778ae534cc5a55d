/** Nodes, and what they say of themselves (PVE::API2::Nodes). */
import { cpus, freemem, loadavg, totalmem, uptime } from "node:os";
import { utcOffset } from "../../../proxmox/rules/time-zones";
import { contentFolder, holds, requireStorage } from "../guests/storages";
import { hasPath } from "../model/storage-paths";
import { nodeRow, rootUsage } from "../guests/resources";
import type { Call, Endpoint, PermissionRule } from "../calls/endpoint";
import { excludedPaths, readDefaults } from "../guests/vzdump/defaults";
import { death, type Json } from "../protocol/failure";
import { parseProperties } from "../protocol/parameter-check";
import { indexEndpoint } from "./index-endpoint";
import { NODE, optional, STORAGE_ID } from "./tables";

function version({ node }: Call): Json {
  return { ...node.state.version };
}

async function listNodes({ cluster, authority, site }: Call): Promise<Json> {
  const rows = cluster.nodes.map((node) => nodeRow(node, authority.has(`/nodes/${node.name}`, "Sys.Audit")));
  const fingerprint = (name: string): Json => (site.settings.statistics && site.fingerprints.get(name)) || null;
  return (await Promise.all(rows)).map((row) => ({ ...row, ssl_fingerprint: fingerprint(String(row.node)) }));
}

/** The machine's own figures: a node of the sandbox is this machine. */
async function status({ node }: Call): Promise<Json> {
  const memory = { total: totalmem(), free: freemem(), used: totalmem() - freemem(), available: freemem() };
  return {
    uptime: Math.floor(uptime()),
    cpu: 0,
    wait: 0,
    idle: 0,
    loadavg: loadavg().map((load) => load.toFixed(2)),
    memory,
    swap: { total: 0, free: 0, used: 0 },
    rootfs: await rootUsage(node),
    cpuinfo: { cpus: cpus().length, cores: cpus().length, sockets: 1, model: cpus()[0]?.model ?? "unknown", hvm: "0" },
    pveversion: `pve-manager/${node.state.version.version}/${node.state.version.repoid}`,
    kversion: "Linux",
  };
}

function time({ node }: Call): Json {
  const now = node.clock.seconds();
  return { time: now, localtime: now + utcOffset(now, node.timeZone), timezone: node.timeZone };
}

/** What a run without options would do on this node. */
async function vzdumpDefaults({ node, authority, parameters }: Call): Promise<Json> {
  const storage = parameters.text("storage") ?? "local";
  authority.checkAny(`/storage/${storage}`, "Datastore.Audit", "Datastore.AllocateSpace");
  const entry = requireStorage(node.cluster, storage);
  if (!holds(entry, "backup")) throw death(`can't use storage '${storage}' for backups - wrong content type`);
  const retention = parseProperties("prune-backups", entry.options["prune-backups"] ?? "", "prune-backups");
  const forAdministrators = authority.has(`/nodes/${node.name}`, "Sys.Audit")
    ? { ionice: 7, ...(hasPath(entry) && { dumpdir: contentFolder(entry, "backup") }) }
    : {};
  const excluded = excludedPaths(await readDefaults(node));
  return {
    all: 0,
    bwlimit: 0,
    compress: "0",
    fleecing: { enabled: 0 },
    lockwait: 180,
    mailnotification: "always",
    mode: "snapshot",
    "notification-mode": "auto",
    performance: { "max-workers": 16, "pbs-entries-max": 1048576 },
    pigz: 0,
    "prune-backups": [...retention]
      .map(([key, count]) => `${key}=${count}`)
      .sort()
      .join(","),
    quiet: 0,
    remove: 1,
    stdexcludes: 1,
    stop: 0,
    stopwait: 10,
    storage,
    zstd: 1,
    ...(excluded.length > 0 && { "exclude-path": excluded }),
    ...forAdministrators,
  };
}

const MAY_AUDIT: PermissionRule = { check: { path: "/nodes/{node}", privileges: ["Sys.Audit"] } };

const SUBFOLDERS = ["lxc", "network", "qemu", "status", "storage", "tasks", "time", "version", "vzdump"];

export const nodeEndpoints: readonly Endpoint[] = [
  indexEndpoint("/", ["version", "cluster", "nodes", "storage", "access", "pools"]),
  indexEndpoint("/access", ["users", "groups", "roles", "acl", "domains", "openid", "tfa", "ticket", "password"]),
  { method: "GET", path: "/version", parameters: {}, permissions: { user: "all" }, handler: version },
  { method: "GET", path: "/nodes", parameters: {}, permissions: { user: "all" }, handler: listNodes },
  {
    method: "GET",
    path: "/nodes/{node}",
    parameters: { node: NODE },
    permissions: { user: "all" },
    handler: () => SUBFOLDERS.map((name) => ({ name })),
  },
  {
    method: "GET",
    path: "/nodes/{node}/version",
    parameters: { node: NODE },
    permissions: { user: "all" },
    handler: version,
  },
  {
    method: "GET",
    path: "/nodes/{node}/status",
    parameters: { node: NODE },
    permissions: MAY_AUDIT,
    handler: status,
  },
  { method: "GET", path: "/nodes/{node}/time", parameters: { node: NODE }, permissions: MAY_AUDIT, handler: time },
  {
    method: "GET",
    path: "/nodes/{node}/vzdump/defaults",
    parameters: { node: NODE, storage: optional(STORAGE_ID) },
    permissions: { user: "all" },
    handler: vzdumpDefaults,
  },
];
