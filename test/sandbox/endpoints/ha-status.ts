/** What the HA manager and the nodes' own managers say (PVE::API2::HA::Status). */
import { hasQuorum, isNodeDown } from "../guests/resources";
import type { Cluster, Node } from "../model/site";
import type { HaResourceEntry } from "../model/state";
import type { Call, Endpoint, PermissionRule } from "../calls/endpoint";
import type { Json } from "../protocol/failure";
import { indexEndpoint } from "./nodes";

const MAY_AUDIT: PermissionRule = { check: { path: "/", privileges: ["Sys.Audit"] } };

/** The state that a service is shown with (PVE::HA::Tools::get_verbose_service_state). */
function shownState(cluster: Cluster, { vmid, options, service }: HaResourceEntry): string {
  if (options.state === "ignored" || options.state === "disabled") return options.state;
  if (service === undefined) return "queued";
  return service === "started" && cluster.guest(vmid)?.status !== "running" ? "starting" : service;
}

function current({ cluster, node }: Call): Json {
  const quorate = hasQuorum(cluster);
  const rows: Json[] = [
    {
      id: "quorum",
      type: "quorum",
      node: node.name,
      status: quorate ? "OK" : `No quorum on node '${node.name}'!`,
      quorate: quorate ? 1 : 0,
    },
  ];
  const entries = cluster.state.highAvailability ?? [];
  if (!cluster.site.settings.statistics || entries.length === 0) return rows;
  const master = masterOf(cluster);
  return [
    ...rows,
    { id: "master", type: "master", node: master.name, status: heard(master), timestamp: lastHeard(master) },
    ...cluster.nodes.map((one) => ({
      id: `lrm:${one.name}`,
      type: "lrm",
      node: one.name,
      status: heard(one),
      timestamp: lastHeard(one),
    })),
    ...entries.map((entry) => serviceRow(cluster, entry)),
  ];
}

function serviceRow(cluster: Cluster, entry: HaResourceEntry): Json {
  const sid = `${entry.type}:${String(entry.vmid)}`;
  const place = cluster.guest(entry.vmid)?.node ?? "";
  const state = shownState(cluster, entry);
  return {
    id: `service:${sid}`,
    type: "service",
    sid,
    node: place,
    state,
    status: `${sid} (${place}, ${state})`,
    crm_state: entry.service ?? "queued",
    request_state: entry.options.state ?? "started",
    max_relocate: Number(entry.options.max_relocate ?? 1),
    max_restart: Number(entry.options.max_restart ?? 1),
    failback: Number(entry.options.failback ?? 1),
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

/** `one (active, Sat Oct  4 12:00:00 2026)` */
function heard(node: Node): string {
  const timestamp = lastHeard(node);
  const state = node.cluster.site.clock.seconds() - timestamp > 30 ? "old timestamp - dead?" : "active";
  return `${node.name} (${state}, ${localTime(timestamp, node.timeZone)})`;
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

function managerStatus({ cluster, node }: Call): Json {
  const entries = cluster.state.highAvailability ?? [];
  const services = entries.flatMap(({ type, vmid, service }) =>
    service === undefined
      ? []
      : [[`${type}:${String(vmid)}`, { node: cluster.guest(vmid)?.node ?? "", state: service }] as const],
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
  indexEndpoint("/cluster/ha", ["groups", "resources", "rules", "status"], "id"),
  indexEndpoint(PATH, ["current", "manager_status"], "name"),
  { method: "GET", path: `${PATH}/current`, parameters: {}, permissions: MAY_AUDIT, handler: current },
  { method: "GET", path: `${PATH}/manager_status`, parameters: {}, permissions: MAY_AUDIT, handler: managerStatus },
];
