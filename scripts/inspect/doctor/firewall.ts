import type { ProxmoxClient } from "../../../proxmox/api/client";
import { type FirewallSwitches, readFirewallSwitches } from "../../../proxmox/api/firewall-switches";
import { unlessHidden } from "../../../proxmox/api/unless-hidden";
import { dayOf } from "../../../site/opt-outs";
import { listNames } from "../../../site/policies/policy-finding";
import { type FirewalledGuest, firewalledGuests, firewallFindings } from "../../../site/policies/firewall";
import type { Environment } from "../../../site/settings/environment";
import { type Check, ok, skipped, warning } from "./check";

/** Whether the firewall rules of the guests are in force. Says nothing where no guest of the settings has any. */
export async function inspectFirewall(client: ProxmoxClient, settings: Environment): Promise<Check[]> {
  const guests = firewalledGuests(settings);
  if (guests.length === 0) return [];
  const facts = await readFirewallSwitches(
    client,
    guests.map(({ id }) => id),
  );
  const found = firewallFindings(settings, facts, dayOf(Math.floor(Date.now() / 1_000), "UTC"));
  return [
    ...(found.length === 0 ? [inForce(guests, facts)] : []),
    ...found.map(({ text, details, hint }) => warning("firewall", [text, ...details].join("; "), hint)),
    ...(await inspectNodes(client, [...new Set(guests.map(({ node }) => node))])),
  ];
}

/** What is left when no switch is off, or only such as somebody has acknowledged. */
function inForce(guests: readonly FirewalledGuest[], { datacenter, guests: found }: FirewallSwitches): Check {
  const present = guests.filter(({ id }) => found.has(id));
  const names = listNames((present.length === 0 ? guests : present).map(({ name }) => name));
  const switches = [datacenter, ...[...found.values()].flatMap(({ guest, card }) => [guest, card])];
  if (switches.includes(false)) return ok("firewall", `off for ${names}, as lifeboat:acknowledge accepts`);
  if (switches.includes(undefined)) {
    return skipped(
      "firewall",
      `not known whether the rules of ${names} are in force: the token may not see every switch`,
    );
  }
  if (present.length === 0) return ok("firewall", `the datacenter's is on; ${names}: not on the node yet`);
  return ok("firewall", `the rules of ${names} are in force`);
}

/** The node's own switch looks as if it were one for the guests on it. */
async function inspectNodes(client: ProxmoxClient, nodes: readonly string[]): Promise<Check[]> {
  const found = await Promise.all(
    nodes.map(async (node) => [node, await unlessHidden(client.firewall.nodeIsOn(node))] as const),
  );
  const off = found.flatMap(([node, isOn]) => (isOn === false ? [node] : []));
  if (off.length === 0) return [];
  const text = `${listNames(off)}: the node's own firewall is off, so that rules for the node itself have no effect`;
  return [warning("firewall", `${text} (those of its guests do)`)];
}
