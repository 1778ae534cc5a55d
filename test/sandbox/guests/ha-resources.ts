/** Which guests high availability manages, and what it is asked about them (PVE::HA::Config). */
import type { Call } from "../calls/endpoint";
import type { Log } from "../drivers/driver";
import type { Cluster } from "../model/site";
import type { GuestType, HaResourceEntry, HaRuleEntry } from "../model/state";
import type { Worker } from "../model/tasks";
import { death, failureText, parameterFailure } from "../protocol/failure";
import { splitList } from "../protocol/parameters";

/** A guest as HA names it. */
export type Resource = Pick<HaResourceEntry, "type" | "vmid">;

/** What HA is to make of a guest that was just made. */
export type WantedState = "started" | "stopped";

export function sidOf({ type, vmid }: Resource): string {
  return `${type}:${String(vmid)}`;
}

/** What HA calls a guest of this type. */
export function haType(type: GuestType): HaResourceEntry["type"] {
  return type === "lxc" ? "ct" : "vm";
}

/** The resource of a guest, whatever is wanted of it. */
export function resourceOf(cluster: Cluster, sid: string): HaResourceEntry | undefined {
  return cluster.state.highAvailability?.find((entry) => sidOf(entry) === sid);
}

/** A resource that HA is to ignore is as good as none: what is asked of its guest is done directly. */
function isManaged(entry: HaResourceEntry | undefined): entry is HaResourceEntry {
  return entry !== undefined && entry.options.state !== "ignored";
}

/** The resource of a guest that is not to be touched but through HA. */
export function managedGuest(cluster: Cluster, vmid: number): HaResourceEntry | undefined {
  return cluster.state.highAvailability?.find((entry) => entry.vmid === vmid && isManaged(entry));
}

/** @throws for a service that failed, unless it is to be disabled, which is the way out of that */
export function checkServiceState(entry: HaResourceEntry, wanted?: string): void {
  if (!isManaged(entry) || entry.service !== "error" || wanted === "disabled") return;
  throw death(`service '${sidOf(entry)}' in error state, must be disabled and fixed first`);
}

/** @throws where HA does not manage the resource, or its service failed */
function orderable(cluster: Cluster, sid: string): HaResourceEntry {
  const entry = resourceOf(cluster, sid);
  if (!isManaged(entry)) throw death(`resource '${sid}' is not HA managed`);
  checkServiceState(entry);
  return entry;
}

/** @throws where tasks of a managed guest are to be overruled: they are HA's */
export function checkOverrule({ parameters }: Pick<Call, "parameters">): void {
  if (parameters.flag("overrule-shutdown") !== true) return;
  throw parameterFailure({ "overrule-shutdown": "Not applicable for HA resources." });
}

const TITLES = { ct: "CT", vm: "VM" } as const;

/** The task that asks HA to start a managed guest; it ends as soon as HA knows. */
export function requestStart(call: Call, entry: HaResourceEntry): string {
  return ask(call, "hastart", `start for ${titleOf(entry)}`, `set ${sidOf(entry)} --state started`, () => {
    checkServiceState(entry);
    entry.options.state = "started";
  });
}

/**
 * The task that asks HA to stop a managed guest. HA wants it stopped from then on.
 * @param timeout seconds; 0: at once
 */
export function requestStop(call: Call, entry: HaResourceEntry, timeout: number): string {
  const words = `crm-command stop ${sidOf(entry)} ${String(timeout)}`;
  return ask(call, "hastop", `stop for ${titleOf(entry)}`, words, () => {
    orderable(call.cluster, sidOf(entry)).command = { verb: "stop", timeout };
  });
}

function titleOf({ type, vmid }: HaResourceEntry): string {
  return `${TITLES[type]} ${String(vmid)}`;
}

/** @param words of the command that the task runs: where it refuses, the task's status names it */
function ask(call: Call, type: string, what: string, words: string, work: () => void): string {
  return call.node.tasks.start(type, call.parameters.required("vmid"), call.caller.name, ({ log }) => {
    log(`Requesting HA ${what}`);
    runHaCommand(log, words, work);
    call.cluster.save();
  });
}

/** What `ha-manager` refuses is in the task's log, and the task's status says which command it was. */
function runHaCommand(log: Log, words: string, work: () => void): void {
  try {
    work();
  } catch (failure) {
    log(failureText(failure));
    throw death(`command 'ha-manager ${words}' failed: exit code 255`);
  }
}

/** A guest that was just made and is to run: started by its node, or by HA where that manages it already. */
export function startMade(call: Call, type: string, vmid: number, worker: Worker): void {
  const entry = managedGuest(call.cluster, vmid);
  if (entry === undefined) call.node.tasks.start(type, String(vmid), call.caller.name, worker);
  else requestStart(call, entry);
}

/** Makes a new guest a resource, as `ha-managed` asks for it; one that is a resource already stays as it is. */
export function addResource(cluster: Cluster, resource: Resource, state: WantedState, log: Log): void {
  log("Add as HA resource");
  const sid = sidOf(resource);
  tellRefusal(log, `add ${sid} --state ${state}`, () => {
    if (resourceOf(cluster, sid) !== undefined) {
      throw death(`create resource failed: resource ID '${sid}' already defined`);
    }
    insertResource(cluster, { ...resource, options: { state } });
  });
}

/** As a restored machine becomes a resource: one that is one gets the state alone. */
export function setResource(cluster: Cluster, resource: Resource, state: WantedState, log: Log): void {
  const found = resourceOf(cluster, sidOf(resource));
  const verb = found === undefined ? "add" : "set";
  log(`${verb === "add" ? "Add" : "Set"} HA resource with request-state '${state}'`);
  tellRefusal(log, `${verb} ${sidOf(resource)} --state ${state}`, () => {
    if (found === undefined) return insertResource(cluster, { ...resource, options: { state } });
    checkServiceState(found, state);
    found.options.state = state;
  });
}

/** The guest is made all the same. */
function tellRefusal(log: Log, words: string, work: () => void): void {
  try {
    runHaCommand(log, words, work);
  } catch (failure) {
    log(failureText(failure));
  }
}

export function insertResource(cluster: Cluster, entry: HaResourceEntry): void {
  cluster.state.highAvailability = [...(cluster.state.highAvailability ?? []), entry];
  cluster.save();
}

/**
 * Takes a resource away.
 * @param purge out of the rules too; a rule over nothing goes with it
 */
export function removeResource(cluster: Cluster, sid: string, purge: boolean): void {
  const { state } = cluster;
  state.highAvailability = (state.highAvailability ?? []).filter((entry) => sidOf(entry) !== sid);
  if (purge) {
    for (const rule of state.haRules ?? []) {
      rule.options.resources = resourcesOf(rule)
        .filter((one) => one !== sid)
        .join(",");
    }
    state.haRules = (state.haRules ?? []).filter((rule) => resourcesOf(rule).length > 0);
  }
  cluster.save();
}

/** The resources that a rule is about. */
export function resourcesOf({ options }: HaRuleEntry): string[] {
  return splitList(options.resources ?? "");
}
