/**
 * What the HA manager does: it has guests run or not, as their resources say, and of nodes that are dead it fences the services and
 * has them elsewhere (PVE::HA::Manager). Who asks the API moves it on, by the site's clock.
 */
import type { Cluster, Node } from "../model/site";
import type { GuestState, HaResourceEntry } from "../model/state";
import { startWorker as startContainer } from "./containers/runtime";
import { startWorker as startMachine } from "./machines/runtime";
import { placesOf } from "./ha-feasibility";
import { resourcesOf, sidOf } from "./ha-resources";
import { tend } from "./ha-services";
import { moveConfiguration } from "./move-configuration";
import { hasQuorum, isNodeDown } from "./resources";

/** Seconds after the last sign of a node until its services are fenced: the lock of its LRM has to run out. */
const FENCING = 60;

/** Seconds until the fence counts as done: its watchdog has bitten by then. */
const FENCED = 120;

/** Other nodes that are tried unless the resource says otherwise. */
const RELOCATIONS = 1;

/** Does what is due. Without quorum, and without statistics daemons, there is no manager at work. */
export async function runHaManager(cluster: Cluster): Promise<void> {
  const entries = cluster.state.highAvailability ?? [];
  if (entries.length === 0 || !cluster.site.settings.statistics) return;
  await cluster.locks.exclusive("ha-manager", async () => {
    const silent = noteSilent(cluster);
    if (!hasQuorum(cluster)) return;
    for (const entry of entries) await manage(cluster, entry, silent);
  });
}

/** Seconds that each dead node has not been heard of. */
function noteSilent(cluster: Cluster): ReadonlyMap<string, number> {
  const now = cluster.site.clock.seconds();
  const before = cluster.state.haSilent ?? {};
  const down = cluster.nodes.filter(isNodeDown).map(({ name }) => [name, before[name] ?? now] as const);
  cluster.state.haSilent = Object.fromEntries(down);
  return new Map(down.map(([name, since]) => [name, now - since]));
}

/** One round over one service. */
async function manage(cluster: Cluster, entry: HaResourceEntry, silent: ReadonlyMap<string, number>): Promise<void> {
  const guest = cluster.guest(entry.vmid);
  const wanted = entry.options.state ?? "started";
  if (guest === undefined || wanted === "ignored") {
    delete entry.service;
    return;
  }
  const held = cluster.site.faults.hit("ha-holds", { vmid: String(entry.vmid) })?.state;
  const idle = wanted === "stopped" || wanted === "disabled" ? "stopped" : "started";
  const home = cluster.node(guest.node);
  const seconds = silent.get(guest.node);
  if (held !== undefined) entry.service = held;
  // Only whoever disables a service that failed takes it out of that state.
  else if (entry.service === "error" && wanted !== "disabled") return;
  else if (home !== undefined && seconds === undefined) entry.service = await tend(cluster, entry, guest, home);
  else if (seconds === undefined || seconds < FENCING || wanted === "disabled") entry.service = idle;
  else if (seconds < FENCED) entry.service = "fence";
  else entry.service = await recover(cluster, entry, guest, idle);
}

/** Gives a guest of a fenced node to others, one after the other, until it starts. @returns the service's state */
async function recover(cluster: Cluster, entry: HaResourceEntry, guest: GuestState, idle: string): Promise<string> {
  const targets = allowedNodes(cluster, entry);
  if (targets.length === 0) return "recovery";
  for (const target of targets.slice(0, 1 + Number(entry.options.max_relocate ?? RELOCATIONS))) {
    await moveConfiguration(cluster, guest, target);
    if (idle === "stopped" || (await starts(target, guest))) return idle;
  }
  return "error";
}

/** Nobody reads the logs of its tasks here. */
function unlogged(): void {}

async function starts(node: Node, { type, vmid }: GuestState): Promise<boolean> {
  try {
    await (type === "lxc" ? startContainer(node, vmid, unlogged) : startMachine(node, vmid, unlogged));
    return true;
  } catch {
    return false;
  }
}

/** Nodes that are up; where a strict rule names nodes, only those. */
function allowedNodes(cluster: Cluster, entry: HaResourceEntry): Node[] {
  const sid = sidOf(entry);
  const strict = (cluster.state.haRules ?? []).filter(
    (rule) =>
      rule.type === "node-affinity" &&
      rule.options.strict === "1" &&
      rule.options.disable !== "1" &&
      resourcesOf(rule).includes(sid),
  );
  return cluster.nodes.filter(
    (node) => !isNodeDown(node) && strict.every((rule) => placesOf(rule).some((place) => place.node === node.name)),
  );
}
