import { createHash } from "node:crypto";

/** What a plan rests on, as named digests: `archive`, `configuration of the guest`, `settings`, `flags`. */
export type Inputs = Readonly<Record<string, string>>;

/**
 * Digest of a value, the same for the same content in any order of keys: Proxmox returns keys in random order. Give it
 * only what must not change between plan and deed, never clocks, usage or task lists.
 */
export function digestOf(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex").slice(0, 32);
}

/** Names of the inputs that differ, in alphabetical order. An input that is only on one side differs. */
export function changedInputs(planned: Inputs, present: Inputs): string[] {
  const names = new Set([...Object.keys(planned), ...Object.keys(present)]);
  return [...names].filter((name) => planned[name] !== present[name]).sort();
}

/** Digests of named values. */
export function digestsOf(parts: Readonly<Record<string, unknown>>): Inputs {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, digestOf(part)]));
}

/** Why the parts of a plan of before are not those of one of now, as a clause; undefined where they are. */
export function whyPlannedOtherwise(before: Inputs, now: Inputs): string | undefined {
  const names = changedInputs(before, now);
  return names.length === 0 ? undefined : `it would be planned in another way now (${names.join(", ")})`;
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}
