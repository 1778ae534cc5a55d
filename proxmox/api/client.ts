import { privilegesAskedOnce } from "./asked-once";
import { AccessCalls } from "./calls/access";
import { BackupCalls } from "./calls/backups";
import { ClusterCalls } from "./calls/cluster";
import { FirewallCalls } from "./calls/firewall";
import { GuestCalls } from "./calls/guests";
import type { Parameters, Path } from "./encoding";
import { Requests } from "./requests";
import { TaskCalls } from "./tasks";
import { type ClientOptions, createTransport, readOnlyTransport, type Transport } from "./transport";

export type { ClientOptions } from "./transport";
export type { Trust } from "./trust";

/**
 * A Proxmox VE node or cluster, asked through one endpoint. Calls are grouped by subject; what is not among them can be
 * asked with {@link get}, {@link post}, {@link put} and {@link delete}, whose answers the caller checks.
 */
export class ProxmoxClient {
  readonly endpoint: string;
  readonly access: AccessCalls;
  readonly cluster: ClusterCalls;
  readonly guests: GuestCalls;
  readonly backups: BackupCalls;
  readonly firewall: FirewallCalls;
  readonly tasks: TaskCalls;

  constructor(
    readonly transport: Transport,
    private readonly patience?: number,
  ) {
    const requests = new Requests(transport);
    this.endpoint = transport.endpoint;
    this.tasks = new TaskCalls(requests, patience);
    this.access = new AccessCalls(requests);
    this.cluster = new ClusterCalls(requests);
    this.guests = new GuestCalls(requests, this.tasks);
    this.backups = new BackupCalls(requests, this.tasks);
    this.firewall = new FirewallCalls(requests);
  }

  async get(path: Path, parameters: Parameters = {}): Promise<unknown> {
    return (await this.transport.send({ method: "GET", path, parameters })).data;
  }

  async post(path: Path, parameters: Parameters = {}): Promise<unknown> {
    return (await this.transport.send({ method: "POST", path, parameters })).data;
  }

  async put(path: Path, parameters: Parameters = {}): Promise<unknown> {
    return (await this.transport.send({ method: "PUT", path, parameters })).data;
  }

  async delete(path: Path, parameters: Parameters = {}): Promise<unknown> {
    return (await this.transport.send({ method: "DELETE", path, parameters })).data;
  }

  close(): Promise<void> {
    return this.transport.close();
  }

  /** The same client over the same connections, which refuses everything but GET before it is sent. */
  readOnly(): ProxmoxClient {
    return new ProxmoxClient(readOnlyTransport(this.transport), this.patience);
  }
}

/** @throws TypeError when the endpoint is not an `https` address. Nothing is sent before the first call. */
export function createClient(options: ClientOptions): ProxmoxClient {
  return new ProxmoxClient(privilegesAskedOnce(createTransport(options)), options.patience);
}

/** The same client over the same connections, which refuses everything but GET before it is sent. */
export function readOnly(client: ProxmoxClient): ProxmoxClient {
  return client.readOnly();
}
