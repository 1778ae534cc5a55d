import { isMapping } from "../settings/schema-tools";

/** Opens an encrypted value of a state. */
export type OpenValue = (ciphertext: string) => string;

const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

/**
 * Compares two states resource by resource, with their secrets opened: encrypted, the same value never looks the same.
 *
 * @param resources of `deployment.resources`, as `pulumi stack export` prints them.
 * @returns URNs that only one of them has, or that differ, in order; empty when the states hold the same.
 */
export function differingResources(
  left: readonly unknown[],
  right: readonly unknown[],
  openLeft: OpenValue,
  openRight: OpenValue,
): string[] {
  const [one, other] = [textsOf(left, openLeft), textsOf(right, openRight)];
  const urns = new Set([...one.keys(), ...other.keys()]);
  return [...urns].filter((urn) => one.get(urn) !== other.get(urn)).sort();
}

/** A URN stands more than once while a replaced resource waits to be deleted. */
function textsOf(resources: readonly unknown[], open: OpenValue): Map<string, string> {
  const texts = new Map<string, string>();
  for (const resource of resources) {
    const urn = isMapping(resource) ? String(resource["urn"]) : "";
    texts.set(urn, `${texts.get(urn) ?? ""}${canonical(resource, open)}\n`);
  }
  return texts;
}

function canonical(value: unknown, open: OpenValue): string {
  if (Array.isArray(value)) return `[${value.map((member) => canonical(member, open)).join(",")}]`;
  if (!isMapping(value)) return JSON.stringify(value) ?? "null";
  const { ciphertext } = value;
  if (value[signatureKey] === secretSignature && typeof ciphertext === "string") return `secret(${open(ciphertext)})`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member, open)}`).join(",")}}`;
}
