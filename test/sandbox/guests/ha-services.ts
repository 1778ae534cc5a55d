/**
 * What a node's own manager does with its services: it starts and stops their guests by tasks of root, and tries again where one
 * does not start (PVE::HA::LRM, and what PVE::HA::Manager makes of its results).
 */
import type { Task } from "../model/tasks";
import type { Cluster, Node } from "../model/site";
import type { GuestState, HaResourceEntry } from "../model/state";
import { checkLock, loadGuest, withGuestLock } from "./configuration";
import { isRunning as containerRuns, killContainer, shutDownContainer, startWorker } from "./containers/runtime";
import {
  isRunning as machineRuns,
  killMachine,
  shutDownMachine,
  startWorker as startMachineWorker,
} from "./machines/runtime";

/** Seconds that a guest has to end by itself when HA wants it stopped. */
const PATIENCE = 60;

/** Times that a start is tried again on the same node unless the resource says otherwise. */
const RESTARTS = 1;

/** The user of these tasks. */
const ROOT = "root@pam";

/** One service on a node that is up. @returns the state that the manager has it in from then on */
export async function tend(cluster: Cluster, entry: HaResourceEntry, guest: GuestState, home: Node): Promise<string> {
  const { work } = entry;
  if (work !== undefined && cluster.node(work.node)?.tasks.isRunning(work.upid) === true) return STATES[work.doing];
  delete entry.work;
  takeCommand(entry);
  const runs = await (guest.type === "lxc" ? containerRuns(home, guest) : machineRuns(home, guest));
  const isWanted = !["stopped", "disabled"].includes(entry.options.state ?? "started");
  if (isWanted === runs) {
    delete entry.failures;
    return isWanted ? "started" : "stopped";
  }
  // What a task says of itself does not count: the guest runs, or it does not.
  if (work?.doing === "stop" && !isWanted) return "error";
  if (work?.doing === "start" && isWanted && hasFailedForGood(entry)) return "error";
  return begin(entry, guest, home, isWanted ? "start" : "stop");
}

const STATES = { start: "started", stop: "request_stop" } as const;

function hasFailedForGood(entry: HaResourceEntry): boolean {
  entry.failures = (entry.failures ?? 0) + 1;
  if (entry.failures <= Number(entry.options.max_restart ?? RESTARTS)) return false;
  delete entry.failures;
  return true;
}

/** A request to stop a service that runs is a wish for good: the resource says so from then on. */
function takeCommand(entry: HaResourceEntry): void {
  const { command, options } = entry;
  delete entry.command;
  if (command === undefined || (options.state ?? "started") === "stopped" || options.state === "disabled") return;
  options.state = "stopped";
  entry.patience = command.timeout;
}

function begin(entry: HaResourceEntry, guest: GuestState, home: Node, doing: keyof typeof STATES): string {
  const patience = entry.patience ?? PATIENCE;
  delete entry.patience;
  const type = taskType(guest, doing, patience);
  const worker = (task: Task): Promise<void> =>
    doing === "stop" ? stopWorker(home, guest, patience, task) : startWorkerOf(guest)(home, guest.vmid, task.log);
  const upid = home.tasks.start(type, String(guest.vmid), ROOT, worker);
  entry.work = { node: home.name, upid, doing };
  return STATES[doing];
}

function startWorkerOf({ type }: GuestState): typeof startWorker {
  return type === "lxc" ? startWorker : startMachineWorker;
}

function taskType({ type }: GuestState, doing: keyof typeof STATES, patience: number): string {
  const verb = doing === "start" ? "start" : patience === 0 ? "stop" : "shutdown";
  return `${type === "lxc" ? "vz" : "qm"}${verb}`;
}

/** A container that does not end in time stays; a machine's plug is pulled. */
async function stopWorker(node: Node, { type, vmid }: GuestState, patience: number, task: Task): Promise<void> {
  await withGuestLock(
    node,
    type,
    vmid,
    async () => {
      const loaded = loadGuest(node, type, vmid);
      checkLock(type, loaded.configuration);
      await task.checkpoint("stopping");
      if (type === "lxc") {
        await (patience === 0 ? killContainer(node, loaded) : shutDownContainer(node, loaded, patience, false));
      } else await (patience === 0 ? killMachine(node, loaded) : shutDownMachine(node, loaded, patience, true));
    },
    task.log,
  );
}
