/** A node's services and its subscription (PVE::API2::Services, PVE::API2::Subscription). */
import { createHash } from "node:crypto";
import type { Call, Endpoint, PermissionRule } from "../calls/endpoint";
import type { Node } from "../model/site";
import { death, type Json } from "../protocol/failure";
import type { ParameterSchema } from "../protocol/parameters";
import { FLAG, NODE } from "./tables";

const PATH = "/nodes/{node}/services";
const MAY_AUDIT: PermissionRule = { check: { path: "/nodes/{node}", privileges: ["Sys.Audit"] } };
const MAY_MODIFY: PermissionRule = { check: { path: "/nodes/{node}", privileges: ["Sys.Modify"] } };

/** What systemd says of each unit of a node as it is installed; undefined: the unit is not there. */
const SERVICES: Readonly<Record<string, string | undefined>> = {
  chrony: "chrony, an NTP client/server",
  corosync: "Corosync Cluster Engine",
  cron: "Regular background program processing daemon",
  ksmtuned: "Kernel Samepage Merging (KSM) Tuning Daemon",
  lxcfs: "FUSE filesystem for LXC",
  postfix: "Postfix Mail Transport Agent (main/default instance)",
  "proxmox-firewall": "Proxmox nftables firewall",
  "pve-cluster": "The Proxmox VE cluster filesystem",
  "pve-firewall": "Proxmox VE firewall",
  "pve-ha-crm": "PVE Cluster HA Resource Manager Daemon",
  "pve-ha-lrm": "PVE Local HA Resource Manager Daemon",
  "pve-lxc-syscalld": "Proxmox VE LXC Syscall Daemon",
  pvedaemon: "PVE API Daemon",
  "pvefw-logger": "Proxmox VE firewall logger",
  pveproxy: "PVE API Proxy Server",
  pvescheduler: "Proxmox VE scheduler",
  pvestatd: "PVE Status Daemon",
  qmeventd: "PVE Qemu Event Daemon",
  spiceproxy: "PVE SPICE Proxy Server",
  sshd: "OpenBSD Secure Shell server",
  syslog: undefined,
  "systemd-journald": "Journal Service",
  "systemd-timesyncd": undefined,
};

const NAMES = Object.keys(SERVICES).sort();

/** Without these nobody could ask for anything any more. */
const ESSENTIAL = ["pveproxy", "pvedaemon", "pve-cluster"];

const SERVICE: ParameterSchema = { type: "string", enum: NAMES };

function stateOf(node: Node, name: string): { [key: string]: Json } {
  const description = SERVICES[name];
  const unit = { service: name, name, desc: description ?? `${name}.service` };
  if (description === undefined) {
    return { ...unit, state: "dead", "unit-state": "not-found", "active-state": "inactive" };
  }
  // A node of its own has no cluster to talk to.
  const isAlone = name === "corosync" && node.cluster.state.name === null;
  const runs = !isAlone && node.state.stoppedServices?.includes(name) !== true;
  return {
    ...unit,
    state: runs ? "running" : "dead",
    "unit-state": name === "systemd-journald" ? "static" : "enabled",
    "active-state": runs ? "active" : "inactive",
  };
}

type Verb = "start" | "stop" | "restart" | "reload";

const VERBS: readonly Verb[] = ["start", "stop", "restart", "reload"];

function command(verb: Verb): Endpoint {
  return {
    method: "POST",
    path: `${PATH}/{service}/${verb}`,
    parameters: { node: NODE, service: SERVICE },
    permissions: MAY_MODIFY,
    handler: (call) => {
      const service = call.parameters.required("service");
      return call.node.tasks.start(`srv${verb}`, service, call.caller.name, () => run(call.node, service, verb));
    },
  };
}

/** @throws for a service that must not stop, and where systemd refuses */
function run(node: Node, service: string, verb: Verb): void {
  if (ESSENTIAL.includes(service) && verb === "stop") {
    throw death(`invalid service cmd '${service} ${verb}': refusing to stop essential service!`);
  }
  const failed = (code: number): Error =>
    death(`command 'systemctl ${verb} ${service}' failed: exit code ${String(code)}`);
  if (SERVICES[service] === undefined) throw failed(5);
  const stopped = new Set(node.state.stoppedServices);
  if (verb === "reload" && stopped.has(service)) throw failed(1);
  if (verb === "stop") stopped.add(service);
  else stopped.delete(service);
  node.state.stoppedServices = [...stopped];
  node.cluster.save();
}

const SHOP = "https://www.proxmox.com/en/proxmox-virtual-environment/pricing";

/** No node of the sandbox has a key, and the shop is not there to sell one. */
function subscription({ node, authority }: Call): Json {
  const mayRead = authority.has(`/nodes/${node.name}`, "Sys.Audit");
  const id = createHash("md5").update(node.name).digest("hex").toUpperCase();
  return {
    status: "notfound",
    message: "There is no subscription key",
    url: SHOP,
    ...(mayRead && { serverid: id }),
  };
}

const SUBSCRIPTION = "/nodes/{node}/subscription";

export const nodeServiceEndpoints: readonly Endpoint[] = [
  {
    method: "GET",
    path: PATH,
    parameters: { node: NODE },
    permissions: MAY_AUDIT,
    handler: ({ node }) => NAMES.map((name) => stateOf(node, name)),
  },
  {
    method: "GET",
    path: `${PATH}/{service}`,
    parameters: { node: NODE, service: SERVICE },
    permissions: MAY_AUDIT,
    handler: () => ["state", ...VERBS].map((subdir) => ({ subdir })),
  },
  {
    method: "GET",
    path: `${PATH}/{service}/state`,
    parameters: { node: NODE, service: SERVICE },
    permissions: MAY_AUDIT,
    handler: ({ node, parameters }) => stateOf(node, parameters.required("service")),
  },
  ...VERBS.map(command),
  {
    method: "GET",
    path: SUBSCRIPTION,
    parameters: { node: NODE },
    permissions: { user: "all" },
    handler: subscription,
  },
  {
    method: "POST",
    path: SUBSCRIPTION,
    parameters: { node: NODE, force: FLAG },
    permissions: MAY_MODIFY,
    handler: () => null,
  },
  { method: "DELETE", path: SUBSCRIPTION, parameters: { node: NODE }, permissions: MAY_MODIFY, handler: () => null },
];
