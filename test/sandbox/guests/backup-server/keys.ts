/** The key of an encrypted storage: Proxmox keeps it in a file, and shows its fingerprint (PVE::Storage::PBSPlugin, on_add_hook). */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import * as z from "zod";
import type { Node } from "../../model/site";
import { death } from "../../protocol/failure";

const keySchema = z.object({ data: z.unknown(), fingerprint: z.string().optional() });

function keyFile(storage: string): string {
  return `/etc/pve/priv/storage/${storage}.enc`;
}

/** What becomes of a key that was sent. */
export interface TakenKey {
  /** What the storage's entry says: the fingerprint, or 1. */
  shown: string;
  /** The key itself, which the answer has once. */
  text: string;
}

/** @param sent the key's JSON, or `autogen` @throws for anything else */
export function takeKey(nodes: readonly Node[], storage: string, sent: string): TakenKey {
  const text = sent === "autogen" ? generatedKey() : sent;
  const key = keySchema.safeParse(jsonOf(text));
  if (!key.success || key.data.data === undefined) {
    throw death("Value does not seems like a valid, JSON formatted encryption key!");
  }
  for (const node of nodes) {
    const file = node.path(keyFile(storage));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${text}\n`, { mode: 0o600 });
  }
  return { shown: key.data.fingerprint ?? "1", text };
}

export function dropKey(nodes: readonly Node[], storage: string): void {
  for (const node of nodes) rmSync(node.path(keyFile(storage)), { force: true });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** As `proxmox-backup-client key create --kdf none` writes it. */
function generatedKey(): string {
  const data = randomBytes(32);
  const digest = createHash("sha256").update(data).digest("hex");
  const fingerprint = digest.match(/../gu)?.join(":");
  const now = new Date().toISOString().replace(/\.\d+Z$/u, "+00:00");
  return JSON.stringify({ kdf: null, created: now, modified: now, data: data.toString("base64"), fingerprint });
}
