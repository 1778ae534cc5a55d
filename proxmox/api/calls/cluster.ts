import * as z from "zod";
import * as answers from "../answers";
import { ProxmoxError } from "../errors";
import type { Requests } from "../requests";

/** Calls about the whole cluster: who is asking, which nodes and guests there are. */
export class ClusterCalls {
  constructor(private readonly requests: Requests) {}

  version(): Promise<answers.Version> {
    return this.requests.read(answers.versionAnswer, ["version"]);
  }

  /** The caller's privileges: on every path with an entry, or on one path, inherited ones included. */
  permissions(path?: string): Promise<answers.Permissions> {
    return this.requests.read(answers.permissionsAnswer, ["access", "permissions"], { path });
  }

  /** The names of the caller's privileges on one path, such as `/vms/101`. */
  async privilegesOn(path: string): Promise<ReadonlySet<string>> {
    const permissions = await this.permissions(path);
    return new Set(Object.keys(permissions[path] ?? {}));
  }

  nodes(): Promise<answers.NodeEntry[]> {
    return this.requests.read(z.array(answers.nodeAnswer), ["nodes"]);
  }

  /**
   * Network interfaces of a node; without `Sys.Audit` on it only bridges that the caller may use. While changes wait to be
   * applied Proxmox tells what will be, and not what is.
   */
  async interfaces(
    node: string,
  ): Promise<{ readonly interfaces: answers.NodeInterface[]; readonly isPending: boolean }> {
    const path = ["nodes", node, "network"];
    const { data, changes = "" } = await this.requests.transport.send({ method: "GET", path });
    const interfaces = this.requests.check(z.array(answers.nodeInterfaceAnswer), "GET", path, data);
    return { interfaces, isPending: changes !== "" };
  }

  nodeTime(node: string): Promise<answers.NodeTime> {
    return this.requests.read(answers.nodeTimeAnswer, ["nodes", node, "time"]);
  }

  clusterStatus(): Promise<answers.ClusterStatusEntry[]> {
    return this.requests.read(z.array(answers.clusterStatusAnswer), ["cluster", "status"]);
  }

  /** Every guest that the caller may see (`VM.Audit`), on all nodes of the cluster. */
  guests(): Promise<answers.Guest[]> {
    return this.requests.read(z.array(answers.guestAnswer), ["cluster", "resources"], { type: "vm" });
  }

  /** The lowest free guest id. */
  nextId(): Promise<number> {
    return this.requests.read(answers.numberAnswer, ["cluster", "nextid"]);
  }

  /** Whether a guest id is free in the whole cluster, also of guests that the caller may not see. */
  async isFree(vmid: number): Promise<boolean> {
    try {
      await this.requests.read(answers.numberAnswer, ["cluster", "nextid"], { vmid });
      return true;
    } catch (error) {
      if (error instanceof ProxmoxError && /already exists/u.test(error.parameters["vmid"] ?? "")) return false;
      throw error;
    }
  }

  pools(): Promise<answers.Pool[]> {
    return this.requests.read(z.array(answers.poolAnswer), ["pools"]);
  }

  haResources(): Promise<answers.HaResource[]> {
    return this.requests.read(z.array(answers.haResourceAnswer), ["cluster", "ha", "resources"]);
  }

  /** Replication of guests that the caller may see (`VM.Audit`). */
  replicationJobs(): Promise<answers.ReplicationJob[]> {
    return this.requests.read(z.array(answers.replicationJobAnswer), ["cluster", "replication"]);
  }

  /** Adds a guest to a pool. */
  async addToPool(poolid: string, vmid: number): Promise<void> {
    await this.requests.change(z.unknown(), "PUT", ["pools"], { poolid, vms: vmid });
  }
}
