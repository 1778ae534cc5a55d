import type { Checkpoint, StateResource } from "./checkpoint";

/** Opens one encrypted value of a state; undefined when it cannot. */
export type OpenSecret = (ciphertext: string) => string | undefined;

/** A resource as people know it. */
export interface NamedResource {
  readonly urn: string;
  readonly name: string;
  /** `proxmoxve:index:Container` */
  readonly type: string;
  /** What the real world calls it; absent for components. */
  readonly id?: string;
}

/** An input that differs. Texts are absent where it is a secret, or too long to be shown. */
export interface ChangedInput {
  readonly name: string;
  readonly from?: string;
  readonly to?: string;
  readonly secret: boolean;
}

export interface ChangedResource extends NamedResource {
  /** The id in the state that is left, where it differs. */
  readonly idFrom?: string;
  readonly inputs: readonly ChangedInput[];
}

/** What differs between two states, from the one that is left to the one that is gone to. */
export interface StateDiff {
  /** Only in the state that is gone to: Pulumi will think that they exist. */
  readonly added: readonly NamedResource[];
  /** Only in the state that is left: Pulumi will no longer know of them. They go on to exist. */
  readonly removed: readonly NamedResource[];
  readonly changed: readonly ChangedResource[];
  readonly same: number;
}

/** One side of a comparison. */
export interface DiffSide {
  readonly checkpoint: Checkpoint;
  readonly open: OpenSecret;
}

/** What Pulumi writes in place of a secret: this key with this value (`sdk/go/common/resource/sig`). */
export const signatureKey = "4dabf18193072939515e22adb298388d";
export const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/** Longer values are not shown. */
const longest = 60;

/**
 * Compares two states resource by resource: which there are, their ids and inputs. Every update encrypts every secret
 * anew, so secrets are compared opened. They are never part of the answer.
 */
export function diffStates(from: DiffSide, to: DiffSide): StateDiff {
  const before = byName(from.checkpoint.resources);
  const after = byName(to.checkpoint.resources);
  const changed: ChangedResource[] = [];
  let same = 0;
  for (const [key, resource] of after) {
    const old = before.get(key);
    if (old === undefined) continue;
    const change = compare(old, resource, from.open, to.open);
    if (change === undefined) same += 1;
    else changed.push(change);
  }
  return {
    added: [...after].filter(([key]) => !before.has(key)).map(([, resource]) => named(resource)),
    removed: [...before].filter(([key]) => !after.has(key)).map(([, resource]) => named(resource)),
    changed,
    same,
  };
}

/** Name, type and id of a resource. */
function named({ urn, type, id }: StateResource): NamedResource {
  return { urn, name: urn.split("::")[3] ?? urn, type, ...(id ? { id } : {}) };
}

/** What waits to be deleted is another resource than the living one of the same URN. */
function byName(resources: readonly StateResource[]): Map<string, StateResource> {
  return new Map(
    resources.map((resource) => [
      resource.delete === true ? `${resource.urn} to delete ${resource.id ?? ""}` : resource.urn,
      resource,
    ]),
  );
}

function compare(
  old: StateResource,
  present: StateResource,
  openOld: OpenSecret,
  openPresent: OpenSecret,
): ChangedResource | undefined {
  const inputs = changedInputs(old.inputs ?? {}, present.inputs ?? {}, openOld, openPresent);
  const isOther = (old.id ?? "") !== (present.id ?? "");
  if (inputs.length === 0 && !isOther) return undefined;
  return { ...named(present), ...(isOther ? { idFrom: old.id ?? "" } : {}), inputs };
}

function changedInputs(
  old: Readonly<Record<string, unknown>>,
  present: Readonly<Record<string, unknown>>,
  openOld: OpenSecret,
  openPresent: OpenSecret,
): ChangedInput[] {
  const names = [...new Set([...Object.keys(old), ...Object.keys(present)])].filter((name) => !name.startsWith("__"));
  return names.flatMap((name) => {
    const [left, right] = [opened(old[name], openOld), opened(present[name], openPresent)];
    if (left.text === right.text) return [];
    const secret = left.secret || right.secret;
    return [{ name, secret, ...(secret ? {} : { ...shown("from", left.text), ...shown("to", right.text) }) }];
  });
}

function shown<Side extends "from" | "to">(side: Side, text: string): Partial<Record<"from" | "to", string>> {
  return text.length > longest ? {} : { [side]: text };
}

/** A value as a text that is the same for the same value, with its secrets opened. Of which the text then tells. */
function opened(value: unknown, open: OpenSecret): { text: string; secret: boolean } {
  let secret = false;
  const texts = (inner: unknown): string => {
    if (Array.isArray(inner)) return `[${inner.map(texts).join(",")}]`;
    if (typeof inner !== "object" || inner === null) return JSON.stringify(inner) ?? "unset";
    const members = new Map(Object.entries(inner));
    if (members.get(signatureKey) === secretSignature) {
      secret = true;
      const { plaintext, ciphertext } = { plaintext: members.get("plaintext"), ciphertext: members.get("ciphertext") };
      if (typeof plaintext === "string") return `secret ${plaintext}`;
      return `secret ${typeof ciphertext === "string" ? (open(ciphertext) ?? ciphertext) : ""}`;
    }
    // What the bridge of a provider notes for itself, and writes one time and leaves out another.
    return `{${[...members]
      .filter(([key]) => !key.startsWith("__"))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${texts(member)}`)
      .join(",")}}`;
  };
  return { text: texts(value), secret };
}

/** Every encrypted value of a state. */
export function ciphertextsOf({ resources }: Checkpoint): string[] {
  const found: string[] = [];
  const search = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(search);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    const members = new Map(Object.entries(value));
    const ciphertext = members.get("ciphertext");
    if (members.get(signatureKey) === secretSignature && typeof ciphertext === "string") found.push(ciphertext);
    else for (const member of members.values()) search(member);
  };
  for (const { inputs, outputs } of resources) search([inputs, outputs]);
  return found;
}
