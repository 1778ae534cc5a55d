/** Snapshots of a Proxmox Backup Server, as PVE::Storage::PBSPlugin names and lists them. */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { Node } from "../../model/site";
import type { GuestType, StorageEntry } from "../../model/state";
import { serverFolder } from "../../model/backup-servers";

/** A snapshot by its place on the server. */
export interface SnapshotName {
  type: "ct" | "vm";
  vmid: number;
  /** Unix seconds. */
  time: number;
}

/** What the server would tell of it. */
const recordSchema = z.object({
  /** Bytes of all its files as the guest has them, before they are packed. */
  size: z.number(),
  /** SHA-256 of the archive that stands for its data: what a verification compares. */
  sha256: z.string(),
  notes: z.string().default(""),
  isProtected: z.boolean().default(false),
  /** Fingerprint of the key that it counts as encrypted with. */
  encrypted: z.string().optional(),
  verification: z.object({ state: z.enum(["ok", "failed"]), upid: z.string() }).optional(),
});

export type SnapshotRecord = z.infer<typeof recordSchema>;

export interface Snapshot extends SnapshotName {
  record: SnapshotRecord;
}

const NAME = /^(ct|vm)\/(\d+)\/(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)$/;

/** `ct/101/2026-11-21T01:00:00Z`: in whole seconds, UTC. */
export function printSnapshot({ type, vmid, time }: SnapshotName): string {
  return `${type}/${vmid}/${new Date(time * 1000).toISOString().replace(/\.\d+Z$/u, "Z")}`;
}

/** Undefined for what is no guest's. */
export function parseSnapshot(name: string): SnapshotName | undefined {
  const [, type, vmid, time = ""] = NAME.exec(name) ?? [];
  if (type === undefined) return undefined;
  return { type: type === "vm" ? "vm" : "ct", vmid: Number(vmid), time: Date.parse(time) / 1000 };
}

export function snapshotType(type: GuestType): SnapshotName["type"] {
  return type === "qemu" ? "vm" : "ct";
}

function folderOf(node: Node, storage: StorageEntry, name: SnapshotName): string {
  return join(serverFolder(node, storage), printSnapshot(name));
}

/** The ordinary archive that stands for a snapshot's data, on this machine. */
export function snapshotArchive(node: Node, storage: StorageEntry, name: SnapshotName): string {
  return join(folderOf(node, storage, name), name.type === "vm" ? "disks.vma.zst" : "root.tar.zst");
}

/** The guest's configuration, which the server has as a file of its own. */
export function snapshotConfiguration(node: Node, storage: StorageEntry, name: SnapshotName): string {
  return join(folderOf(node, storage, name), name.type === "vm" ? "qemu-server.conf" : "pct.conf");
}

/** The log of its backup, which vzdump sends at the end. */
export function snapshotLog(node: Node, storage: StorageEntry, name: SnapshotName): string {
  return join(folderOf(node, storage, name), "client.log");
}

/** Undefined where there is none. */
export async function readSnapshot(
  node: Node,
  storage: StorageEntry,
  name: SnapshotName,
): Promise<Snapshot | undefined> {
  const text = await readFile(recordFile(node, storage, name), "utf8").catch(() => undefined);
  return text === undefined ? undefined : { ...name, record: recordSchema.parse(JSON.parse(text)) };
}

function recordFile(node: Node, storage: StorageEntry, name: SnapshotName): string {
  return join(folderOf(node, storage, name), "record.json");
}

/** Makes a snapshot's folder; it is none before its record is written. */
export async function openSnapshot(node: Node, storage: StorageEntry, name: SnapshotName): Promise<void> {
  await mkdir(folderOf(node, storage, name), { recursive: true });
}

/** Whole or not at all: other requests list snapshots meanwhile. */
export async function writeRecord(node: Node, storage: StorageEntry, { record, ...name }: Snapshot): Promise<void> {
  const path = recordFile(node, storage, name);
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(record));
  await rename(draft, path);
}

export async function forgetSnapshot(node: Node, storage: StorageEntry, name: SnapshotName): Promise<void> {
  await rm(folderOf(node, storage, name), { recursive: true, force: true });
}

/** Snapshots of guests in the storage's namespace, of one guest or of all. */
export async function listSnapshots(node: Node, storage: StorageEntry, vmid?: number): Promise<Snapshot[]> {
  const root = serverFolder(node, storage);
  const found: Snapshot[] = [];
  for (const type of ["ct", "vm"] as const) {
    for (const id of await names(join(root, type))) {
      if (vmid !== undefined && Number(id) !== vmid) continue;
      for (const time of await names(join(root, type, id))) {
        const name = parseSnapshot(`${type}/${id}/${time}`);
        const snapshot = name && (await readSnapshot(node, storage, name));
        if (snapshot !== undefined) found.push(snapshot);
      }
    }
  }
  return found;
}

function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
