/** Network interfaces of a node, read from the text of /etc/network/interfaces (PVE::API2::Network, PVE::INotify). */
import type { Call, Endpoint } from "../server/endpoint";
import { type Json, parameterFailure } from "../server/failure";
import { NODE } from "./tables";

interface Interface {
  name: string;
  autostart: boolean;
  /** Method of each family that the file has a section for, such as `static`. */
  methods: Map<"inet" | "inet6", string>;
  /** Options of all its sections: `address`, `bridge-ports`, … */
  options: Map<string, string>;
}

/** Position of the first interface after the loopback one, as Proxmox numbers them. */
const FIRST_PRIORITY = 2;

/** Interfaces in the order of the file. */
function parseInterfaces(text: string): Interface[] {
  const found = new Map<string, Interface>();
  let current: Interface | undefined;
  for (const line of text.split("\n").map((raw) => raw.trim())) {
    const [word = "", ...rest] = line.split(/\s+/);
    if (word === "" || word.startsWith("#")) continue;
    if (word === "auto") for (const name of rest) interfaceNamed(found, name).autostart = true;
    else if (word === "iface") current = openSection(found, rest);
    else current?.options.set(word.replaceAll("_", "-"), rest.join(" "));
  }
  return [...found.values()];
}

function interfaceNamed(found: Map<string, Interface>, name: string): Interface {
  const known = found.get(name) ?? { name, autostart: false, methods: new Map(), options: new Map() };
  found.set(name, known);
  return known;
}

function openSection(found: Map<string, Interface>, [name = "", family, method = "manual"]: string[]): Interface {
  const section = interfaceNamed(found, name);
  section.methods.set(family === "inet6" ? "inet6" : "inet", method);
  return section;
}

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
function interfaces({ node }: Call): Map<string, { [key: string]: Json }> {
  const entries = parseInterfaces(node.state.pendingInterfaces ?? node.state.interfaces);
  return new Map(
    entries
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

/** Who may not audit the node sees the bridges that he may use, and nothing else. */
function listInterfaces(call: Call): Json {
  const { authority, node, parameters } = call;
  const seesAll = authority.has(`/nodes/${node.name}`, "Sys.Audit");
  const mayUse = (bridge: string): boolean =>
    authority.hasAny(`/sdn/zones/localnetwork/${bridge}`, "SDN.Audit", "SDN.Use");
  return [...interfaces(call)]
    .filter(([, { type }]) => matchesType(String(type), parameters.text("type")))
    .filter(([name, { type }]) => seesAll || (type === "bridge" && mayUse(name)))
    .map(([iface, answer]) => ({ iface, ...answer }));
}

function readInterface(call: Call): Json {
  const found = interfaces(call).get(call.parameters.required("iface"));
  if (found === undefined) throw parameterFailure({ iface: "interface does not exist" });
  return found;
}

const TYPES =
  "bridge bond eth alias vlan fabric OVSBridge OVSBond OVSPort OVSIntPort vnet any_bridge any_local_bridge include_sdn";

export const networkEndpoints: readonly Endpoint[] = [
  {
    method: "GET",
    path: "/nodes/{node}/network",
    parameters: { node: NODE, type: { type: "string", enum: TYPES.split(" "), optional: true } },
    permissions: { user: "all" },
    handler: listInterfaces,
  },
  {
    method: "GET",
    path: "/nodes/{node}/network/{iface}",
    parameters: { node: NODE, iface: { type: "string", format: "pve-iface", minLength: 2, maxLength: 20 } },
    permissions: { check: { path: "/nodes/{node}", privileges: ["Sys.Audit"] } },
    handler: readInterface,
  },
];
