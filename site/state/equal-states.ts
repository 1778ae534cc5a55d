import { isMapping } from "../settings/schema-tools";
import { canonicalState } from "./canonical-state";
import type { OpenSecret } from "./state-diff";

/**
 * Compares two states resource by resource, with their secrets opened: encrypted, the same value never looks the same.
 *
 * @param resources of `deployment.resources`, as `pulumi stack export` prints them.
 * @returns URNs that only one of them has, or that differ, in order; empty when the states hold the same.
 */
export function differingResources(
  left: readonly unknown[],
  right: readonly unknown[],
  openLeft: OpenSecret,
  openRight: OpenSecret,
): string[] {
  const [one, other] = [textsOf(left, openLeft), textsOf(right, openRight)];
  const urns = new Set([...one.keys(), ...other.keys()]);
  return [...urns].filter((urn) => one.get(urn) !== other.get(urn)).sort();
}

/** A URN stands more than once while a replaced resource waits to be deleted. */
function textsOf(resources: readonly unknown[], open: OpenSecret): Map<string, string> {
  const texts = new Map<string, string>();
  for (const resource of resources) {
    const urn = isMapping(resource) ? String(resource["urn"]) : "";
    texts.set(urn, `${texts.get(urn) ?? ""}${canonicalState(resource, open)}\n`);
  }
  return texts;
}
