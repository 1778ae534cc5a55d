/** Network interfaces of a node, from the text of /etc/network/interfaces (PVE::API2::Network). */
import { formatInterfaces, type Interface, parseInterfaces } from "../model/interfaces";
import { unifiedHunks } from "../model/unified-diff";
import { Answer, type Call, type Endpoint, type PermissionRule } from "../calls/endpoint";
import { death, type Json, parameterFailure } from "../protocol/failure";
import type { ParameterSchema, ParameterTable } from "../protocol/parameters";
import { FLAG, NODE, TEXT } from "./tables";

/** Position of the first interface after the loopback one, as Proxmox numbers them. */
const FIRST_PRIORITY = 2;

function typeOf({ name, options }: Interface): string {
  if (options.has("bridge-ports") || /^vmbr\d+$/.test(name)) return "bridge";
  if (options.has("bond-slaves") || /^bond\d+$/.test(name)) return "bond";
  if (/\.\d+$/.test(name) || options.has("vlan-raw-device")) return "vlan";
  return "eth";
}

/** An interface as answers have it: numbers of the file stay text. */
function interfaceAnswer(entry: Interface, priority: number): { [key: string]: Json } {
  const { options, methods } = entry;
  const [address, prefix] = (options.get("address") ?? "").split("/");
  const netmask = prefix ?? options.get("netmask");
  const bridge = typeOf(entry) === "bridge" ? bridgeAnswer(options) : {};
  const gateway = options.get("gateway");
  const mtu = options.get("mtu");
  return {
    type: typeOf(entry),
    method: methods.get("inet") ?? "manual",
    method6: methods.get("inet6") ?? "manual",
    families: [...methods.keys()],
    priority,
    ...(entry.autostart && { autostart: 1 }),
    ...(address !== undefined && address !== "" && { address }),
    ...(netmask !== undefined && { netmask, cidr: `${address ?? ""}/${netmask}` }),
    ...(gateway !== undefined && { gateway }),
    ...(mtu !== undefined && { mtu }),
    ...(entry.comments.length > 0 && { comments: entry.comments.map((line) => `${line}\n`).join("") }),
    ...bridge,
  };
}

function bridgeAnswer(options: ReadonlyMap<string, string>): { [key: string]: Json } {
  const ports = options.get("bridge-ports") ?? "";
  return {
    bridge_ports: ports === "none" ? "" : ports,
    bridge_stp: options.get("bridge-stp") ?? "off",
    bridge_fd: options.get("bridge-fd") ?? "0",
  };
}

/** Interfaces but the loopback one, by name. */
function interfaces(call: Call): Map<string, { [key: string]: Json }> {
  return new Map(
    presentInterfaces(call)
      .map((entry, index): [string, { [key: string]: Json }] => [
        entry.name,
        interfaceAnswer(entry, FIRST_PRIORITY + index),
      ])
      .filter(([name]) => name !== "lo"),
  );
}

function matchesType(type: string, wanted: string | undefined): boolean {
  if (wanted === undefined || wanted === "include_sdn") return true;
  return wanted.startsWith("any_") ? type === "bridge" || type === "OVSBridge" : type === wanted;
}

function presentInterfaces({ node }: Call): Interface[] {
  return parseInterfaces(node.state.pendingInterfaces ?? node.state.interfaces);
}

/** Changes wait in a file of their own until they are applied. */
function writeInterfaces({ node }: Call, entries: readonly Interface[]): null {
  node.state.pendingInterfaces = formatInterfaces(entries);
  return null;
}

/** What is not applied yet, as `diff -u` shows it. */
function pendingChanges({ node }: Call): { [key: string]: Json } {
  const { interfaces: applied, pendingInterfaces: pending } = node.state;
  if (pending === undefined || pending === applied) return {};
  const time = new Date(node.clock.milliseconds()).toISOString().replace("T", " ").replace("Z", "000000 +0000");
  const files = `--- /etc/network/interfaces\t${time}\n+++ /etc/network/interfaces.new\t${time}\n`;
  return { changes: files + unifiedHunks(applied, pending) };
}

/** Parameters that an interface of the file has as options, and the option's name. */
const OPTION_NAMES: Readonly<Record<string, string>> = {
  gateway: "gateway",
  bridge_ports: "bridge-ports",
  bridge_vids: "bridge-vids",
  "vlan-raw-device": "vlan-raw-device",
  "vlan-id": "vlan-id",
  slaves: "bond-slaves",
  bond_mode: "bond-mode",
  bond_xmit_hash_policy: "bond-xmit-hash-policy",
  "bond-primary": "bond-primary",
  mtu: "mtu",
};

/** The interface as the parameters describe it: what is not given is not there. */
function describedInterface({ parameters }: Call): Interface {
  const type = parameters.required("type");
  const options = new Map<string, string>();
  const [address, netmask] = [parameters.text("address"), parameters.text("netmask")];
  const network = parameters.text("cidr") ?? (address === undefined ? undefined : `${address}/${prefixOf(netmask)}`);
  if (network !== undefined) options.set("address", network);
  for (const [parameter, option] of Object.entries(OPTION_NAMES)) {
    const value = parameters.text(parameter);
    if (value !== undefined && value !== "") options.set(option, value);
  }
  if (type === "bridge") addBridgeOptions(options, parameters.flag("bridge_vlan_aware") === true);
  const comments = (parameters.text("comments") ?? "").split("\n").filter((line) => line !== "");
  return {
    name: parameters.required("iface"),
    autostart: parameters.flag("autostart") === true,
    methods: new Map([["inet", network === undefined ? "manual" : "static"]]),
    options,
    comments,
  };
}

function addBridgeOptions(options: Map<string, string>, vlanAware: boolean): void {
  if (!options.has("bridge-ports")) options.set("bridge-ports", "none");
  options.set("bridge-stp", "off");
  options.set("bridge-fd", "0");
  if (vlanAware) options.set("bridge-vlan-aware", "yes");
}

/** Bits of a netmask such as `255.255.255.0`. */
function prefixOf(netmask = "255.255.255.255"): number {
  return netmask.split(".").reduce((bits, part) => bits + Number(part).toString(2).replaceAll("0", "").length, 0);
}

/** A router is one for the whole node. */
function checkGateway(entries: readonly Interface[], added: Interface): void {
  const other = entries.find(({ name, options }) => name !== added.name && options.has("gateway"));
  if (added.options.has("gateway") && other !== undefined) {
    throw parameterFailure({ gateway: `Default gateway already exists on interface '${other.name}'.` });
  }
}

function createInterface(call: Call): null {
  const entries = presentInterfaces(call);
  const added = describedInterface(call);
  if (entries.some(({ name }) => name === added.name)) {
    throw parameterFailure({ iface: "interface already exists" });
  }
  if (call.parameters.text("type") === "bridge" && !/^[a-zA-Z][a-zA-Z0-9_]*$/u.test(added.name)) {
    throw parameterFailure({ iface: "invalid bridge name" });
  }
  checkGateway(entries, added);
  return writeInterfaces(call, [...entries, added]);
}

function requireInterface(entries: readonly Interface[], { parameters }: Call): Interface {
  const entry = entries.find(({ name }) => name === parameters.text("iface"));
  if (entry === undefined) throw parameterFailure({ iface: "interface does not exist" });
  return entry;
}

/** Everything is sent again: an option that is not is gone. */
function updateInterface(call: Call): null {
  const entries = presentInterfaces(call);
  const before = requireInterface(entries, call);
  const after = describedInterface(call);
  for (const name of call.parameters.list("delete")) after.options.delete(OPTION_NAMES[name] ?? name);
  checkGateway(entries, after);
  return writeInterfaces(
    call,
    entries.map((entry) => (entry === before ? after : entry)),
  );
}

function deleteInterface(call: Call): null {
  const entries = presentInterfaces(call);
  const removed = requireInterface(entries, call);
  return writeInterfaces(
    call,
    entries.filter((entry) => entry !== removed),
  );
}

/** Applies what waits. The sandbox's own network stays as it is: its bridge is not what the file says. */
function applyChanges({ node, caller }: Call): string {
  return node.tasks.start("srvreload", "networking", caller.name, async () => {
    const pending = node.state.pendingInterfaces;
    if (pending !== undefined) node.state.interfaces = pending;
    delete node.state.pendingInterfaces;
  });
}

function revertChanges({ node }: Call): null {
  if (node.state.pendingInterfaces === undefined) throw death("no pending changes");
  delete node.state.pendingInterfaces;
  return null;
}

/** Who may not audit the node sees the bridges that he may use, and nothing else. */
function listInterfaces(call: Call): Answer {
  const { authority, node, parameters } = call;
  const seesAll = authority.has(`/nodes/${node.name}`, "Sys.Audit");
  const mayUse = (bridge: string): boolean =>
    authority.hasAny(`/sdn/zones/localnetwork/${bridge}`, "SDN.Audit", "SDN.Use");
  const listed = [...interfaces(call)]
    .filter(([, { type }]) => matchesType(String(type), parameters.text("type")))
    .filter(([name, { type }]) => seesAll || (type === "bridge" && mayUse(name)))
    .map(([iface, answer]) => ({ iface, ...answer }));
  return new Answer(listed, seesAll ? pendingChanges(call) : {});
}

function readInterface(call: Call): Json {
  const found = interfaces(call).get(call.parameters.required("iface"));
  if (found === undefined) throw parameterFailure({ iface: "interface does not exist" });
  return found;
}

const TYPES =
  "bridge bond eth alias vlan fabric OVSBridge OVSBond OVSPort OVSIntPort vnet any_bridge any_local_bridge include_sdn";

const IFACE: ParameterSchema = { type: "string", format: "pve-iface", minLength: 2, maxLength: 20 };
const OTHER_IFACE: ParameterSchema = { type: "string", format: "pve-iface", optional: true };
const IFACES: ParameterSchema = { type: "string", format: "pve-iface-list", optional: true };
const IPV4: ParameterSchema = { type: "string", format: "ipv4", optional: true };
const IPV6: ParameterSchema = { type: "string", format: "ipv6", optional: true };
const VLAN: ParameterSchema = { type: "integer", minimum: 1, maximum: 4094, optional: true };
const BOND_MODES =
  "balance-rr active-backup balance-xor broadcast 802.3ad balance-tlb balance-alb balance-slb lacp-balance-slb lacp-balance-tcp";

const DESCRIPTION: ParameterTable = {
  node: NODE,
  iface: IFACE,
  type: {
    type: "string",
    enum: "bridge bond eth alias vlan fabric OVSBridge OVSBond OVSPort OVSIntPort vnet unknown".split(" "),
  },
  address: { ...IPV4, requires: "netmask" },
  address6: { ...IPV6, requires: "netmask6" },
  autostart: FLAG,
  "bond-primary": OTHER_IFACE,
  bond_mode: { type: "string", enum: BOND_MODES.split(" "), optional: true },
  bond_xmit_hash_policy: { type: "string", enum: ["layer2", "layer2+3", "layer3+4"], optional: true },
  bridge_ports: IFACES,
  bridge_vids: { type: "string", format: "pve-vlan-id-or-range-list", optional: true },
  bridge_vlan_aware: FLAG,
  cidr: { type: "string", format: "CIDRv4", optional: true },
  cidr6: { type: "string", format: "CIDRv6", optional: true },
  comments: TEXT,
  comments6: TEXT,
  gateway: IPV4,
  gateway6: IPV6,
  mtu: { type: "integer", minimum: 1280, maximum: 65_520, optional: true },
  netmask: { type: "string", format: "ipv4mask", requires: "address", optional: true },
  netmask6: { type: "integer", minimum: 0, maximum: 128, requires: "address6", optional: true },
  ovs_bonds: IFACES,
  ovs_bridge: OTHER_IFACE,
  ovs_options: { type: "string", maxLength: 1024, optional: true },
  ovs_ports: IFACES,
  ovs_tag: VLAN,
  slaves: IFACES,
  "vlan-id": VLAN,
  "vlan-raw-device": OTHER_IFACE,
};

const MAY_AUDIT: PermissionRule = { check: { path: "/nodes/{node}", privileges: ["Sys.Audit"] } };
const MAY_CHANGE: PermissionRule = { check: { path: "/nodes/{node}", privileges: ["Sys.Modify"] } };

export const networkEndpoints: readonly Endpoint[] = [
  {
    method: "GET",
    path: "/nodes/{node}/network",
    parameters: { node: NODE, type: { type: "string", enum: TYPES.split(" "), optional: true } },
    permissions: { user: "all" },
    handler: listInterfaces,
  },
  {
    method: "POST",
    path: "/nodes/{node}/network",
    parameters: DESCRIPTION,
    permissions: MAY_CHANGE,
    handler: createInterface,
  },
  {
    method: "PUT",
    path: "/nodes/{node}/network",
    parameters: { node: NODE, "regenerate-frr": FLAG },
    permissions: MAY_CHANGE,
    handler: applyChanges,
  },
  {
    method: "DELETE",
    path: "/nodes/{node}/network",
    parameters: { node: NODE },
    permissions: MAY_CHANGE,
    handler: revertChanges,
  },
  {
    method: "GET",
    path: "/nodes/{node}/network/{iface}",
    parameters: { node: NODE, iface: IFACE },
    permissions: MAY_AUDIT,
    handler: readInterface,
  },
  {
    method: "PUT",
    path: "/nodes/{node}/network/{iface}",
    parameters: { ...DESCRIPTION, delete: { type: "string", format: "pve-configid-list", optional: true } },
    permissions: MAY_CHANGE,
    handler: updateInterface,
  },
  {
    method: "DELETE",
    path: "/nodes/{node}/network/{iface}",
    parameters: { node: NODE, iface: IFACE },
    permissions: MAY_CHANGE,
    handler: deleteInterface,
  },
];
