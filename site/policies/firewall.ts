import { pulumiLine } from "../plain-pulumi";
import type { CalendarDay, ContainerGuest, Environment, Guest, VirtualMachineGuest } from "../settings/environment";
import { type PolicyFinding, listNames } from "./policy-finding";
import { hazard, open } from "./hazards";

/** Which switches of Proxmox's firewall are on; undefined where that is not known. */
export interface FirewallFacts {
  readonly datacenter: boolean | undefined;
  /** The guest's own switch, and its network card's as the node has it, by id; a guest that is not there is missing. */
  readonly guests: ReadonlyMap<number, { readonly guest: boolean | undefined; readonly card: boolean | undefined }>;
}

/** Where nobody was asked. */
export const unknownFirewall: FirewallFacts = { datacenter: undefined, guests: new Map() };

/** A guest that the program makes, with Proxmox's firewall on its network card. */
export type FirewalledGuest = ContainerGuest | VirtualMachineGuest;

/** The guests whose settings have the firewall on their network card. */
export function firewalledGuests({ guests }: Environment): FirewalledGuest[] {
  return guests.filter(hasFirewall);
}

function hasFirewall(guest: Guest): guest is FirewalledGuest {
  return guest.kind !== "adopted" && guest.network.firewall;
}

/**
 * Guests whose firewall rules have no effect (A12), without those for which somebody has acknowledged it.
 *
 * Three switches must be on: the datacenter's, the guest's own, and its network card's. The node's is about the node's own
 * addresses (pve-firewall, `compile_iptables_filter`). Lifeboat never turns the datacenter's on: what nobody has admitted
 * to the nodes themselves is shut out at that moment.
 */
export function firewallFindings(environment: Environment, facts: FirewallFacts, today: CalendarDay): PolicyFinding[] {
  const guests = open("firewall-off", firewalledGuests(environment), environment, today);
  return [
    ...datacenterOff(environment, guests, facts),
    ...guests.filter(({ id }) => facts.guests.get(id)?.guest === false).map((guest) => guestOff(environment, guest)),
    ...guests.filter(({ id }) => facts.guests.get(id)?.card === false).map((guest) => cardOff(environment, guest)),
  ];
}

function datacenterOff(
  environment: Environment,
  guests: readonly FirewalledGuest[],
  { datacenter }: FirewallFacts,
): PolicyFinding[] {
  if (datacenter !== false || guests.length === 0) return [];
  const names = guests.map(({ name }) => name);
  return [
    hazard("firewall-off", ["guests"], names, {
      text: `the firewall rules of ${listNames(names)} have no effect: the datacenter's firewall is off`,
      details: guests.flatMap((guest) => openPorts(environment, guest)),
      hint: "admit your own machines to the nodes (Datacenter, Firewall), then on a node: pvesh set /cluster/firewall/options --enable 1",
    }),
  ];
}

function guestOff(environment: Environment, guest: FirewalledGuest): PolicyFinding {
  const { name, node, id } = guest;
  const type = guest.kind === "container" ? "lxc" : "qemu";
  const byHand = `on the node: pvesh set /nodes/${node}/${type}/${String(id)}/firewall/options --enable 1`;
  return hazard("firewall-off", ["guests", name, "network", "firewall"], [name], {
    text: `the firewall rules of ${name} have no effect: the guest's own firewall is off`,
    details: openPorts(environment, guest),
    hint: isStore(environment, guest) ? refreshed(environment) : byHand,
  });
}

function cardOff(environment: Environment, guest: FirewalledGuest): PolicyFinding {
  const { name } = guest;
  return hazard("firewall-off", ["guests", name, "network", "firewall"], [name], {
    text: `the firewall rules of ${name} have no effect: the firewall of its network card is off on the node`,
    details: openPorts(environment, guest),
    hint: refreshed(environment),
  });
}

function refreshed({ name }: Environment): string {
  return pulumiLine(name, "up --refresh");
}

function isStore({ stateStore }: Environment, { name }: FirewalledGuest): boolean {
  return stateStore?.kind === "container" && stateStore.guest === name;
}

function openPorts(environment: Environment, guest: FirewalledGuest): string[] {
  const { stateStore } = environment;
  if (stateStore?.kind !== "container" || !isStore(environment, guest)) return [];
  const { api, console } = stateStore.ports;
  const ports = [api, ...(console === undefined ? [] : [console])].map(String);
  const which =
    ports.length === 1
      ? `port ${ports.join("")} of the state store is`
      : `ports ${listNames(ports)} of the state store are`;
  return [`${which} open to every network that reaches ${guest.name}, not only to those of lifeboat:stateStore.allow`];
}
