import { type OpenSecret, secretSignature, signatureKey } from "./state-diff";

/**
 * A text that is the same for two parts of states which hold the same, however they are written: every update encrypts every
 * secret anew, so secrets are opened for it, and members stand in order.
 */
export function canonicalState(value: unknown, open: OpenSecret): string {
  if (Array.isArray(value)) return `[${value.map((inner) => canonicalState(inner, open)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = new Map<string, unknown>(Object.entries(value));
  const ciphertext = members.get("ciphertext");
  if (members.get(signatureKey) === secretSignature && typeof ciphertext === "string") {
    return `secret ${open(ciphertext) ?? ciphertext}`;
  }
  // What the bridge of a provider notes for itself, and writes one time and leaves out another.
  const kept = [...members].filter(([key, member]) => member !== undefined && !key.startsWith("__"));
  const shown = kept.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${shown.map(([key, member]) => `${JSON.stringify(key)}:${canonicalState(member, open)}`).join(",")}}`;
}
