/** What the HA manager and the nodes' own managers say (PVE::API2::HA::Status). */
import { createHash } from "node:crypto";
import { sidOf } from "../guests/ha-resources";
import { hasQuorum, isNodeDown } from "../guests/resources";
import type { Cluster, Node } from "../model/site";
import type { HaResourceEntry } from "../model/state";
import type { Call, Endpoint, PermissionRule } from "../calls/endpoint";
import type { Json } from "../protocol/failure";
import { indexEndpoint } from "./index-endpoint";

const MAY_AUDIT: PermissionRule = { check: { path: "/", privileges: ["Sys.Audit"] } };

/** The state that a service is shown with (PVE::HA::Tools::get_verbose_service_state). */
function shownState(cluster: Cluster, { vmid, options, service }: HaResourceEntry): string {
  const wanted = wantedState(options);
  const guest = cluster.guest(vmid);
  if (wanted === "ignored") return "ignored";
  if (guest === undefined) return "not found";
  if (service === undefined) return "queued";
  const isWanted = wanted === "started";
  if (service === "stopped") return isWanted ? "starting" : wanted === "disabled" ? "disabled" : "stopped";
  if (service === "started" && guest.status !== "running") return "starting";
  if (service === "started" && !isWanted) return "stopping";
  return service === "error" && wanted === "disabled" ? "clearing error flag" : service;
}

function wantedState({ state = "started" }: HaResourceEntry["options"]): string {
  return state === "enabled" ? "started" : state;
}

/** What fences nodes: the manager's watchdog is open while there is one at work. */
function fencing(node: Node, master: Node | undefined): Json {
  const armed = master === undefined ? "standby" : "armed";
  return {
    id: "fencing",
    type: "fencing",
    node: (master ?? node).name,
    status: `${armed} (CRM watchdog ${master === undefined ? "standby" : "active"})`,
    "armed-state": armed,
  };
}

function current({ cluster, node }: Call): Json {
  const quorate = hasQuorum(cluster);
  const quorum = {
    id: "quorum",
    type: "quorum",
    node: node.name,
    status: quorate ? "OK" : `No quorum on node '${node.name}'!`,
    quorate: quorate ? 1 : 0,
  };
  const entries = cluster.state.highAvailability ?? [];
  const services = entries.map((entry) => serviceRow(cluster, entry));
  // Nobody manages what there is not, and without daemons nobody manages anything.
  if (!cluster.site.settings.statistics || entries.length === 0) return [quorum, fencing(node, undefined), ...services];
  const master = masterOf(cluster);
  const time = localTime(lastHeard(master), master.timeZone);
  const status = `${master.name} (${isSilent(master) ? DEAD : "active"}, ${time})`;
  return [
    quorum,
    { id: "master", type: "master", node: master.name, status, timestamp: lastHeard(master) },
    fencing(node, isSilent(master) ? undefined : master),
    ...cluster.nodes.map((one) => ({
      id: `lrm:${one.name}`,
      type: "lrm",
      node: one.name,
      status: heard(one),
      timestamp: lastHeard(one),
    })),
    ...services,
  ];
}

function serviceRow(cluster: Cluster, entry: HaResourceEntry): Json {
  const sid = sidOf(entry);
  const { options, service } = entry;
  const place = cluster.guest(entry.vmid)?.node;
  const state = shownState(cluster, entry);
  return {
    id: `service:${sid}`,
    type: "service",
    sid,
    ...(place !== undefined && { node: place }),
    state,
    status: `${sid} (${place ?? "---"}, ${state})`,
    ...(service !== undefined && { crm_state: service }),
    request_state: wantedState(options),
    max_relocate: Number(options.max_relocate ?? 1),
    max_restart: Number(options.max_restart ?? 1),
    failback: Number(options.failback ?? 1),
    ...(options.comment !== undefined && { comment: options.comment }),
  };
}

/** The first node that is up has the manager's lock. */
function masterOf({ nodes }: Cluster): Node {
  const [first] = nodes;
  const up = nodes.find((node) => !isNodeDown(node)) ?? first;
  if (up === undefined) throw new Error("The cluster has no node.");
  return up;
}

function lastHeard({ name, cluster, clock }: Node): number {
  return cluster.state.haSilent?.[name] ?? clock.seconds();
}

const DEAD = "old timestamp - dead?";

/** Nothing was heard of a node for half a minute. */
function isSilent(node: Node): boolean {
  return node.cluster.site.clock.seconds() - lastHeard(node) > 30;
}

/** States of services that a node need not be fenced for (PVE::HA::Tools::count_active_services). */
const AT_REST = ["stopped", "freeze", "error"];

/** `one (active, watchdog active, Sat Oct  4 12:00:00 2026)`: a node's own manager. */
function heard(node: Node): string {
  const { cluster } = node;
  const isBusy = (cluster.state.highAvailability ?? []).some(
    ({ vmid, service }) =>
      service !== undefined && !AT_REST.includes(service) && cluster.guest(vmid)?.node === node.name,
  );
  const state = isSilent(node) ? DEAD : isBusy ? "active" : "idle";
  const watchdog = isBusy && !isSilent(node) ? "active" : "standby";
  return `${node.name} (${state}, watchdog ${watchdog}, ${localTime(lastHeard(node), node.timeZone)})`;
}

function localTime(seconds: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    weekday: "short",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    year: "numeric",
  }).formatToParts(seconds * 1000);
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.find((one) => one.type === type)?.value ?? "";
  const time = `${part("hour")}:${part("minute")}:${part("second")}`;
  return `${part("weekday")} ${part("month")} ${part("day").padStart(2)} ${time} ${part("year")}`;
}

function serviceStatus(cluster: Cluster, vmid: number, state: string): Json {
  const guest = cluster.guest(vmid);
  const place = guest?.node ?? "";
  const uid = createHash("md5")
    .update(`${String(vmid)} ${place} ${state}`)
    .digest("base64")
    .slice(0, 22);
  return { node: place, state, uid, ...(state === "started" && guest?.status === "running" && { running: 1 }) };
}

function managerStatus({ cluster, node }: Call): Json {
  const entries = cluster.state.highAvailability ?? [];
  const services = entries.flatMap(({ type, vmid, service }) =>
    service === undefined ? [] : [[sidOf({ type, vmid }), serviceStatus(cluster, vmid, service)] as const],
  );
  const states = cluster.nodes.map((one) => [one.name, isNodeDown(one) ? "unknown" : "online"] as const);
  return {
    manager_status: {
      master_node: masterOf(cluster).name,
      node_status: Object.fromEntries(states),
      service_status: Object.fromEntries(services),
      timestamp: cluster.site.clock.seconds(),
    },
    quorum: { node: node.name, quorate: hasQuorum(cluster) ? "1" : "0" },
    lrm_status: Object.fromEntries(
      cluster.nodes.map((one) => [
        one.name,
        { mode: "active", results: {}, state: "active", timestamp: lastHeard(one) },
      ]),
    ),
  };
}

const PATH = "/cluster/ha/status";

export const haStatusEndpoints: readonly Endpoint[] = [
  indexEndpoint("/cluster/ha", ["groups", "resources", "rules", "status"], { key: "id" }),
  indexEndpoint(PATH, ["current", "manager_status", "disarm-ha", "arm-ha"], { key: "name" }),
  { method: "GET", path: `${PATH}/current`, parameters: {}, permissions: MAY_AUDIT, handler: current },
  { method: "GET", path: `${PATH}/manager_status`, parameters: {}, permissions: MAY_AUDIT, handler: managerStatus },
];
