import * as z from "zod";
import * as answers from "../answers";
import type { Parameters, Path } from "../encoding";
import { ProxmoxError } from "../errors";
import type { Requests } from "../requests";
import type { TaskCalls } from "../tasks";

/** Where a guest is: everything that its paths need. */
export interface GuestAddress {
  node: string;
  type: answers.GuestType;
  vmid: number;
}

/** Task types by guest type and action. */
const taskTypes = {
  lxc: {
    start: "vzstart",
    shutdown: "vzshutdown",
    stop: "vzstop",
    destroy: "vzdestroy",
    takeSnapshot: "vzsnapshot",
    removeSnapshot: "vzdelsnapshot",
    rollBack: "vzrollback",
    restore: "vzrestore",
  },
  qemu: {
    start: "qmstart",
    shutdown: "qmshutdown",
    stop: "qmstop",
    destroy: "qmdestroy",
    takeSnapshot: "qmsnapshot",
    removeSnapshot: "qmdelsnapshot",
    rollBack: "qmrollback",
    restore: "qmrestore",
  },
} as const;

/** What the tasks of guests are called in a node's list. */
export function guestTaskType(guest: Pick<GuestAddress, "type">, action: keyof (typeof taskTypes)["lxc"]): string {
  return taskTypes[guest.type][action];
}

const wholeList = z
  .array(answers.snapshotAnswer)
  .refine((all) => all.some(({ name }) => name === "current"), "the present state is not among the snapshots");

/** Calls about single guests. Those that start a task give its id (UPID); nothing is done before that task has ended. */
export class GuestCalls {
  constructor(
    private readonly requests: Requests,
    private readonly tasks: TaskCalls,
  ) {}

  /** @throws ProxmoxError of kind `gone` when there is no such guest on that node. */
  guestConfig(guest: GuestAddress): Promise<answers.GuestConfiguration> {
    return this.requests.read(answers.guestConfigurationAnswer, [...guestPath(guest), "config"]);
  }

  /**
   * The configuration without changes that wait for the next start: what a backup holds and a restore replaces.
   *
   * @throws ProxmoxError of kind `gone` when there is no such guest on that node.
   */
  currentConfig(guest: GuestAddress): Promise<answers.GuestConfiguration> {
    return this.requests.read(answers.guestConfigurationAnswer, [...guestPath(guest), "config"], { current: true });
  }

  /** Changes keys of a guest's configuration at once (the call is synchronous for containers). */
  async setGuestConfig(guest: GuestAddress, parameters: Parameters): Promise<void> {
    await this.requests.change(z.unknown(), "PUT", [...guestPath(guest), "config"], parameters);
  }

  /**
   * Grows one disk of a guest, and the file system in it where that is a container's. Nothing shrinks.
   *
   * @param disk `rootfs`, `mp0`, `scsi1`.
   * @param size absolute, in Proxmox's spelling: `30G`.
   */
  resize(guest: GuestAddress, disk: string, size: string): Promise<string> {
    return this.tasks.start({
      node: guest.node,
      method: "PUT",
      path: [...guestPath(guest), "resize"],
      parameters: { disk, size },
      type: "resize",
      vmid: guest.vmid,
    });
  }

  /** Keys of a container's configuration that take effect at its next start. */
  async pendingKeys(guest: GuestAddress): Promise<string[]> {
    const schema = z.array(
      z.object({ key: z.string(), pending: z.unknown().optional(), delete: z.unknown().optional() }),
    );
    const entries = await this.requests.read(schema, [...guestPath(guest), "pending"]);
    return entries.filter((entry) => entry.pending !== undefined || entry.delete !== undefined).map(({ key }) => key);
  }

  /**
   * Volume ids of a guest's disks on one storage, also of those that its configuration does not name. What the token may
   * not see is left out without a word (`showsVolumes`).
   */
  async volumesOn(storage: string, { node, type, vmid }: GuestAddress): Promise<string[]> {
    const path = ["nodes", node, "storage", storage, "content"];
    const content = type === "lxc" ? "rootdir" : "images";
    const volumes = await this.requests.read(z.array(z.object({ volid: z.string() })), path, { content, vmid });
    return volumes.map(({ volid }) => volid);
  }

  guestStatus(guest: GuestAddress): Promise<answers.GuestStatus> {
    return this.requests.read(answers.guestStatusAnswer, [...guestPath(guest), "status", "current"]);
  }

  /** Interfaces of a running container with their addresses; empty while it is stopped. */
  async interfaces(guest: GuestAddress): Promise<answers.Interface[]> {
    const schema = z.array(answers.interfaceAnswer).nullable();
    return (await this.requests.read(schema, [...guestPath(guest), "interfaces"])) ?? [];
  }

  /** Asks the guest agent in a virtual machine. @throws ProxmoxError of kind `failed` when none answers */
  async pingAgent(guest: GuestAddress): Promise<void> {
    await this.requests.change(z.unknown(), "POST", [...guestPath(guest), "agent", "ping"], {});
  }

  /** IPv4 addresses of a virtual machine, its own loopback left out, as its agent says. @throws ProxmoxError as `pingAgent` */
  async agentAddresses(guest: GuestAddress): Promise<string[]> {
    const path = [...guestPath(guest), "agent", "network-get-interfaces"];
    const { result } = await this.requests.read(answers.agentInterfacesAnswer, path);
    return result
      .filter(({ name }) => name !== "lo")
      .flatMap((card) => card["ip-addresses"] ?? [])
      .filter((address) => address["ip-address-type"] === "ipv4")
      .map((address) => address["ip-address"]);
  }

  /** Has the guest agent run a program. @returns its process id. @throws ProxmoxError as `pingAgent` */
  async agentExec(guest: GuestAddress, command: readonly string[]): Promise<number> {
    const path = [...guestPath(guest), "agent", "exec"];
    return (await this.requests.change(z.object({ pid: answers.numberAnswer }), "POST", path, { command })).pid;
  }

  /** What has become of it. Once it has told that one has ended, the agent does not know it any more. */
  agentExecStatus(guest: GuestAddress, pid: number): Promise<answers.AgentExecStatus> {
    const path = [...guestPath(guest), "agent", "exec-status"];
    return this.requests.read(answers.agentExecStatusAnswer, path, { pid });
  }

  /**
   * A guest's snapshots, without the entry `current` that Proxmox adds for the present state.
   *
   * @throws ProxmoxError of kind `unexpected` for a list without that entry, which tells nothing of snapshots either
   */
  async snapshots(guest: GuestAddress): Promise<answers.Snapshot[]> {
    const all = await this.requests.read(wholeList, [...guestPath(guest), "snapshot"]);
    return all.filter((snapshot) => snapshot.name !== "current");
  }

  /** The guest's configuration as a snapshot holds it. */
  snapshotConfig(guest: GuestAddress, name: string): Promise<answers.GuestConfiguration> {
    return this.requests.read(answers.guestConfigurationAnswer, [...snapshotPath(guest, name), "config"]);
  }

  /** Whether every disk of the guest lies on a storage that can keep snapshots. */
  async hasSnapshots(guest: GuestAddress): Promise<boolean> {
    const schema = z.object({ hasFeature: answers.flagAnswer });
    const answer = await this.requests.read(schema, [...guestPath(guest), "feature"], { feature: "snapshot" });
    return answer.hasFeature;
  }

  /** Takes a snapshot of the guest's disks, and of no memory: the guest goes on. Needs `VM.Snapshot`. */
  takeSnapshot(guest: GuestAddress, name: string, description: string): Promise<string> {
    const parameters = { snapname: name, description };
    return this.task(guest, "takeSnapshot", "POST", [...guestPath(guest), "snapshot"], parameters);
  }

  removeSnapshot(guest: GuestAddress, name: string): Promise<string> {
    return this.task(guest, "removeSnapshot", "DELETE", snapshotPath(guest, name), {});
  }

  /** Goes back to a snapshot: disks and configuration. A running container is killed, and left stopped. */
  rollBack(guest: GuestAddress, name: string): Promise<string> {
    return this.task(guest, "rollBack", "POST", [...snapshotPath(guest, name), "rollback"], {});
  }

  start(guest: GuestAddress): Promise<string> {
    return this.task(guest, "start", "POST", [...guestPath(guest), "status", "start"], {});
  }

  /** Asks the guest to shut down, and stops it after `timeout` seconds when `forceStop` is set. */
  shutdown(guest: GuestAddress, options: { timeout?: number; forceStop?: boolean } = {}): Promise<string> {
    return this.task(guest, "shutdown", "POST", [...guestPath(guest), "status", "shutdown"], { ...options });
  }

  /** Pulls the plug. */
  stop(guest: GuestAddress): Promise<string> {
    return this.task(guest, "stop", "POST", [...guestPath(guest), "status", "stop"], {});
  }

  /**
   * Deletes a guest with the disks that its configuration names. What else has its number stays: `purge` would take the
   * number out of backup jobs, high availability and replication, and `destroy-unreferenced-disks` would delete disks that
   * an earlier guest has left.
   */
  destroy(guest: GuestAddress): Promise<string> {
    return this.task(guest, "destroy", "DELETE", guestPath(guest), {});
  }

  /**
   * Starts a restore: `vzrestore` or `qmrestore`.
   *
   * @param parameters at least the archive's volume id: `ostemplate` of a container, `archive` of a machine
   * @returns the task's UPID
   */
  restore({ node, type, vmid }: GuestAddress, parameters: Parameters): Promise<string> {
    return this.tasks.start({
      node,
      method: "POST",
      path: ["nodes", node, type],
      parameters: { vmid, ...parameters, ...(type === "lxc" ? { restore: true } : {}) },
      type: taskTypes[type].restore,
      vmid,
    });
  }

  /** Whether a guest is there, asked of its own node (the cluster's list is a few seconds old). */
  async exists(guest: GuestAddress): Promise<boolean> {
    try {
      await this.guestStatus(guest);
      return true;
    } catch (error) {
      if (error instanceof ProxmoxError && error.kind === "gone") return false;
      throw error;
    }
  }

  private task(
    guest: GuestAddress,
    action: keyof (typeof taskTypes)["lxc"],
    method: "POST" | "DELETE",
    path: Path,
    parameters: Parameters,
  ): Promise<string> {
    const type = taskTypes[guest.type][action];
    return this.tasks.start({ node: guest.node, method, path, parameters, type, vmid: guest.vmid });
  }
}

function guestPath(guest: GuestAddress): Path {
  return ["nodes", guest.node, guest.type, guest.vmid];
}

function snapshotPath(guest: GuestAddress, name: string): Path {
  return [...guestPath(guest), "snapshot", name];
}
