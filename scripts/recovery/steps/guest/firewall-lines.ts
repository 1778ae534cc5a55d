import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { plainText } from "../../../../proxmox/api/plain-text";

/**
 * A guest's firewall as lines, to be shown and compared: `IN DROP -proto tcp -dport 22`, `policy_in: DROP`,
 * `alias office 192.0.2.7`, `set +admins 192.0.2.8`. Rules come in their order, which decides.
 */
export async function firewallLines(client: ProxmoxClient, guest: GuestAddress): Promise<string[]> {
  const { options, rules, aliases, sets } = await client.firewall.ofGuest(guest);
  return [
    ...Object.entries(options).map(([name, value]) => `${name}: ${value}`),
    ...rules.map(ruleLine),
    ...aliases.map(({ name = "", cidr = "" }) => `alias ${name} ${cidr}`),
    ...sets.flatMap(({ name, entries }) =>
      entries.length === 0
        ? [`set +${name} (empty)`]
        : entries.map(({ cidr = "", nomatch }) => `set +${name} ${nomatch === "1" ? "!" : ""}${cidr}`),
    ),
  ].map(plainText);
}

/** Members of a rule that are no condition, or stand before the conditions. */
const notConditions = new Set(["type", "action", "macro", "enable", "comment", "pos", "ipversion", "digest"]);

function ruleLine(rule: Readonly<Record<string, string>>): string {
  const { type = "", action = "", macro, enable } = rule;
  const target = macro === undefined ? action : `${macro}(${action})`;
  const conditions = Object.keys(rule)
    .filter((name) => !notConditions.has(name))
    .sort()
    .map((name) => `-${name} ${rule[name] ?? ""}`);
  const off = enable === "0" ? ["(off)"] : [];
  return [type.toUpperCase(), target, ...conditions, ...off].join(" ");
}
