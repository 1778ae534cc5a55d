import * as z from "zod";
import type { ProxmoxClient } from "../../../proxmox/api/client";
import type { Parameters } from "../../../proxmox/api/encoding";
import { missingPrivileges } from "../../../proxmox/api/permissions";
import { formatRetention } from "../../../proxmox/rules/retention";
import type { Environment } from "../../../site/settings/environment";
import { bytes } from "../../terminal/shapes";
import { operationShapes } from "../engine/shapes";
import { unless } from "../steps/guest/inspect-present";

/** Name of these operations in journals. */
export const backupKind = "backup-guest";

/** A backup of one guest, as the journal keeps it. */
export const backupPlanSchema = z.object({
  environment: z.string(),
  guest: z.string(),
  target: z.object({ node: z.string(), type: z.enum(["lxc", "qemu"]), vmid: z.number() }),
  storage: z.string(),
  request: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
    .describe("parameters of the vzdump request, without `vmid`"),
  remarks: z.array(z.string()).describe("where the options come from, what is left out"),
});

export type BackupPlan = z.infer<typeof backupPlanSchema>;

/** `lifeboat backup --json` */
export const backupShapes = operationShapes({
  plan: backupPlanSchema.shape,
  report: {
    guest: z.string().describe("`prod/web`"),
    vmid: z.number(),
    archive: z.string(),
    bytes: bytes("the archive's size"),
  },
});

/**
 * Options of a job that a run by hand takes over. Left out: what says when and whom (`schedule`, `vmid`), and what only
 * `Sys.Modify` or root may set (`bwlimit`, `ionice`, `performance`, `tmpdir`, `script`).
 */
const jobSchema = z.object({
  storage: z.string().exactOptional(),
  mode: z.string().exactOptional(),
  compress: z.union([z.string(), z.number().transform(String)]).exactOptional(),
  "notes-template": z.string().exactOptional(),
  "prune-backups": z
    .union([z.string(), z.record(z.string(), z.union([z.string(), z.number()])).transform(propertyString)])
    .exactOptional(),
  "exclude-path": z.array(z.string()).exactOptional(),
  stdexcludes: z.union([z.number(), z.string().transform(Number)]).exactOptional(),
  protected: z.union([z.number(), z.string().transform(Number)]).exactOptional(),
  zstd: z.union([z.number(), z.string().transform(Number)]).exactOptional(),
});

/** What a backup run is asked for, and what is to be told about it. */
export type BackupOptions = Pick<BackupPlan, "request" | "storage" | "remarks">;

/** The options of the environment's job as Proxmox has it; of the settings where there is no such job yet. */
export async function backupOptions(client: ProxmoxClient, settings: Environment): Promise<BackupOptions> {
  const { jobId } = settings.backup;
  const answer = await unless(["invalid", "gone", "forbidden"], client.get(["cluster", "backup", jobId]));
  const job = answer === undefined ? undefined : jobSchema.parse(answer);
  const declared = declaredOptions(settings);
  const remarks =
    job === undefined ? [`job ${jobId} cannot be read on the node: the options are those of the settings`] : [];
  const { storage = declared.storage, ...request } = job ?? declared;
  return prunable(client, { storage, request: { ...request, storage }, remarks });
}

function declaredOptions({ backup }: Environment): z.infer<typeof jobSchema> & { storage: string } {
  return {
    storage: backup.storage.id,
    mode: backup.mode,
    compress: backup.compress === "none" ? "0" : backup.compress,
    "notes-template": backup.notes,
    "prune-backups": formatRetention(backup.keep),
  };
}

/** A retention in the request needs `Datastore.Allocate`. Without it nothing is pruned now; the job will, next time. */
async function prunable(client: ProxmoxClient, options: BackupOptions): Promise<BackupOptions> {
  const { "prune-backups": retention, ...request } = options.request;
  if (retention === undefined) return options;
  const missing = await missingPrivileges(client, [
    { privilege: "Datastore.Allocate", path: `/storage/${options.storage}` },
  ]);
  if (missing.length === 0) return options;
  const remark = `nothing is pruned by this run: the token lacks Datastore.Allocate on ${options.storage}`;
  return { ...options, request: { ...request, remove: false }, remarks: [...options.remarks, remark] };
}

function propertyString(properties: Readonly<Record<string, string | number>>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

/** The request as the client takes it. */
export function requestParameters({ request }: BackupPlan): Parameters {
  return request;
}
