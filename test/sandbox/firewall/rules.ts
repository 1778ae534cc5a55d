/** One firewall rule as statements of nftables (PVE::Firewall, ruleset_generate_rule). */
import type { FirewallRule } from "./file";
import { type AddressRange, type Family, formatRange } from "./addresses";
import { addressesOf, type NameScope } from "./names";
import { icmpMatch, isIcmp, macroTraffic, portSet, protocolNumber, type Traffic } from "./protocols";

/** The chain that refuses a packet with an answer to its sender. */
export const REJECT_CHAIN = "reject-packet";

const verdicts: ReadonlyMap<string, string> = new Map([
  ["ACCEPT", "accept"],
  ["DROP", "drop"],
  ["REJECT", `goto ${REJECT_CHAIN}`],
]);

/**
 * A rule that Proxmox skips, because it names what does not exist, gives no statement. One whose macro, protocol or
 * port only the sandbox does not know opens nothing when it accepts; when it blocks it blocks everything between its
 * addresses, so that a test never finds open what a real node would keep shut.
 */
export function ruleStatements({ action, options }: FirewallRule, scope: NameScope): string[] {
  const verdict = verdicts.get(action.toUpperCase());
  const source = rangesOf(options.get("source"), scope);
  const destination = rangesOf(options.get("dest"), scope);
  if (verdict === undefined || source === "missing" || destination === "missing") return [];
  const macro = options.get("macro");
  const own = { proto: options.get("proto"), dport: options.get("dport"), sport: options.get("sport") };
  const plain = [{ ...own, icmpType: options.get("icmp-type") }];
  const traffic = macro === undefined ? plain : macroTraffic(macro);
  const parts = traffic?.map(trafficMatch);
  const known = parts?.every((part) => part !== undefined) === true;
  if (!known && verdict === "accept") return [];
  const matches = known ? (parts ?? []) : [{ family: undefined, text: "" }];
  return matches.flatMap((match) => {
    if (match === undefined) return [];
    return addressMatches(source, destination, match.family).map((addresses) =>
      [addresses, match.text, verdict].filter((text) => text !== "").join(" "),
    );
  });
}

function rangesOf(text: string | undefined, scope: NameScope): AddressRange[] | "missing" | undefined {
  return text === undefined ? undefined : (addressesOf(text, scope) ?? "missing");
}

interface TrafficMatch {
  /** The only family that can match. */
  readonly family: Family | undefined;
  readonly text: string;
}

/** Undefined for what the sandbox does not know. */
function trafficMatch({ proto, dport, sport, icmpType }: Traffic): TrafficMatch | undefined {
  if (proto === undefined) return { family: undefined, text: "" };
  const number = protocolNumber(proto);
  if (number === undefined) return undefined;
  const parts = [`meta l4proto ${String(number)}`];
  const type = icmpType ?? (isIcmp(number) ? dport : undefined);
  if (type !== undefined) parts.push(icmpMatch(number, type) ?? "unknown");
  const ports = isIcmp(number)
    ? []
    : ([
        ["dport", dport],
        ["sport", sport],
      ] as const);
  for (const [side, ports_] of ports) {
    if (ports_ === undefined) continue;
    const set = portSet(ports_);
    parts.push(set === undefined ? "unknown" : `th ${side} ${set}`);
  }
  if (parts.includes("unknown")) return undefined;
  return { family: familyOf(number), text: parts.filter((part) => part !== "").join(" ") };
}

function familyOf(protocol: number): Family | undefined {
  if (protocol === 1) return 4;
  return protocol === 58 ? 6 : undefined;
}

/** The addresses of each family that both sides have; one match without an address where neither side has any. */
function addressMatches(
  source: readonly AddressRange[] | undefined,
  destination: readonly AddressRange[] | undefined,
  only: Family | undefined,
): string[] {
  if (source === undefined && destination === undefined) {
    return [only === undefined ? "" : `meta nfproto ${only === 4 ? "ipv4" : "ipv6"}`];
  }
  return ([4, 6] as const).flatMap((family) => {
    if (only !== undefined && only !== family) return [];
    const sides = (
      [
        ["saddr", source],
        ["daddr", destination],
      ] as const
    ).flatMap(([side, ranges]) => (ranges === undefined ? [] : [addressSet(side, family, ranges)]));
    return sides.includes(undefined) ? [] : [sides.join(" ")];
  });
}

/** Undefined where nothing of the family is in the set: then nothing matches. */
export function addressSet(
  side: "saddr" | "daddr",
  family: Family,
  ranges: readonly AddressRange[],
): string | undefined {
  const own = ranges.filter((range) => range.family === family);
  if (own.length === 0) return undefined;
  return `${family === 4 ? "ip" : "ip6"} ${side} { ${own.map(formatRange).join(", ")} }`;
}
