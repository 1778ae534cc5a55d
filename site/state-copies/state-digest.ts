import { createHash } from "node:crypto";
import type { Checkpoint } from "../state/checkpoint";
import { type OpenSecret, secretSignature, signatureKey } from "../state/state-diff";

/**
 * A digest that is the same for two states which hold the same, whenever they were written and however they are packed.
 * Every update encrypts every secret anew, so secrets are opened for it; a digest tells nobody what they are.
 */
export function stateDigest({ resources, pending }: Checkpoint, open: OpenSecret): string {
  return createHash("sha256").update(canonical({ resources, pending }, open)).digest("hex").slice(0, 32);
}

function canonical(value: unknown, open: OpenSecret): string {
  if (Array.isArray(value)) return `[${value.map((inner) => canonical(inner, open)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = new Map<string, unknown>(Object.entries(value));
  const ciphertext = members.get("ciphertext");
  if (members.get(signatureKey) === secretSignature && typeof ciphertext === "string") {
    return `secret ${open(ciphertext) ?? ciphertext}`;
  }
  // What the bridge of a provider notes for itself, and writes one time and leaves out another.
  const kept = [...members].filter(([key, member]) => member !== undefined && !key.startsWith("__"));
  const shown = kept.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${shown.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member, open)}`).join(",")}}`;
}
