/** Which rules of HA contradict each other, or can never hold (PVE::HA::Rules and its types, their checks). */
import type { Cluster } from "../model/site";
import type { HaRuleEntry } from "../model/state";
import { splitList } from "../protocol/parameters";
import { resourcesOf } from "./ha-resources";

/** What is wrong with rules, by their ids; all of it is about their resources. */
export type RuleErrors = ReadonlyMap<string, readonly string[]>;

/** @param rules all of them; one that is disabled neither counts nor is checked */
export function checkFeasibility(cluster: Cluster, rules: readonly HaRuleEntry[]): RuleErrors {
  const errors = new Map<string, string[]>();
  const active = rules.filter(({ options }) => options.disable === undefined);
  const places = active.filter(({ type }) => type === "node-affinity");
  const pairs = active.filter(({ type }) => type === "resource-affinity");
  const together = pairs.filter(({ options }) => options.affinity === "positive");
  const apart = pairs.filter(({ options }) => options.affinity === "negative");
  const tell: Tell = (concerned, text) => {
    for (const { rule } of concerned) errors.set(rule, [...(errors.get(rule) ?? []), text]);
  };
  checkSingleUse(places, tell);
  tell(
    pairs.filter((rule) => resourcesOf(rule).length < 2),
    "rule is ineffective as there are less than two resources",
  );
  tell(
    apart.filter((rule) => resourcesOf(rule).length > cluster.nodes.length),
    "rule defines more resources than available nodes",
  );
  checkContradictions(together, apart, tell);
  checkPriorities(pairs, places, tell);
  checkSinglePlace(together, places, tell);
  checkRoom(apart, places, tell);
  return errors;
}

type Tell = (concerned: Iterable<HaRuleEntry>, text: string) => void;

function shared(some: readonly string[], rule: HaRuleEntry): string[] {
  const others = resourcesOf(rule);
  return some.filter((sid) => others.includes(sid));
}

/** A resource may be in one rule about nodes. */
function checkSingleUse(places: readonly HaRuleEntry[], tell: Tell): void {
  for (const place of places) {
    for (const sid of [...resourcesOf(place)].sort()) {
      if (!places.some((other) => other !== place && shared([sid], other).length > 0)) continue;
      tell([place], `resource '${sid}' is already used in another node affinity rule`);
    }
  }
}

/** Two resources cannot be kept together and apart. */
function checkContradictions(together: readonly HaRuleEntry[], apart: readonly HaRuleEntry[], tell: Tell): void {
  for (const { rules, resources } of groups(together)) {
    for (const other of apart.filter((rule) => shared(resources, rule).length > 1)) {
      tell([other], "rule shares two or more resources with a positive resource affinity rule");
      tell(rules, "rule shares two or more resources with a negative resource affinity rule");
    }
  }
}

/** Rules about nodes with several priorities do not go with rules about resources. */
function checkPriorities(pairs: readonly HaRuleEntry[], places: readonly HaRuleEntry[], tell: Tell): void {
  for (const pair of pairs) {
    const concerned = places.filter((place) => shared(resourcesOf(pair), place).length > 0);
    if (!concerned.some((place) => new Set(placesOf(place).map(({ priority }) => priority)).size > 1)) continue;
    tell([pair], "resources are in node affinity rules with multiple priorities");
    tell(
      concerned,
      "resources are in a resource affinity rule and cannot be in a node affinity rule with multiple priorities",
    );
  }
}

/** Resources that are kept together may be in one rule about nodes. */
function checkSinglePlace(together: readonly HaRuleEntry[], places: readonly HaRuleEntry[], tell: Tell): void {
  for (const { rules, resources } of groups(together)) {
    const concerned = places.filter((place) => shared(resources, place).length > 0);
    if (concerned.length < 2) continue;
    tell(rules, "resources are in multiple node affinity rules");
    tell(
      concerned,
      "at least one resource is in a positive resource affinity rule and there are other resources in at least one other node affinity rule already",
    );
  }
}

/** Resources that are kept apart need as many nodes as there are of them. */
function checkRoom(apart: readonly HaRuleEntry[], places: readonly HaRuleEntry[], tell: Tell): void {
  for (const rule of apart) {
    const concerned = places.filter((place) => shared(resourcesOf(rule), place).length > 0);
    const nodes = new Set(concerned.flatMap((place) => placesOf(place).map(({ node }) => node)));
    const placed = new Set(concerned.flatMap((place) => shared(resourcesOf(rule), place)));
    if (nodes.size >= placed.size) continue;
    tell([rule], "two or more resources are restricted to less nodes than available to the resources");
    tell(
      concerned,
      "at least one resource is in a negative resource affinity rule and this rule would restrict these to less nodes than available to the resources",
    );
  }
}

/** Rules that keep resources together are one where they share any. */
function groups(together: readonly HaRuleEntry[]): { rules: HaRuleEntry[]; resources: string[] }[] {
  const found: { rules: HaRuleEntry[]; resources: string[] }[] = [];
  for (const rule of together) {
    const joined = found.filter(({ resources }) => shared(resources, rule).length > 0);
    for (const group of joined) found.splice(found.indexOf(group), 1);
    const all = [...joined.flatMap(({ resources }) => resources), ...resourcesOf(rule)];
    found.push({ rules: [...joined.flatMap(({ rules }) => rules), rule], resources: [...new Set(all)] });
  }
  return found;
}

/** `one:2,two`: nodes with their priorities. */
export function placesOf({ options }: HaRuleEntry): { node: string; priority: number }[] {
  return splitList(options.nodes ?? "").map((text) => {
    const [node = "", priority = "0"] = text.split(":");
    return { node, priority: Number(priority) };
  });
}
