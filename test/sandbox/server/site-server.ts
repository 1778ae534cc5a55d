/** All nodes of a site: an HTTPS server for each, opened and closed as the faults say. */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import type { Driver } from "../drivers/driver";
import { endpoints } from "../endpoints/registry";
import { enforceFirewall } from "../guests/containers/enforce-firewall";
import { Site } from "../model/site";
import { certificateFiles, ensureCertificates } from "./certificates";
import { handleRequest, type HttpOptions } from "./http";
import { Router } from "./router";
import { Scheduler } from "./scheduler";

/** Where a node listens; port 0 takes a free one. */
export interface Listen {
  node: string;
  address: string;
  port: number;
}

export interface SiteOptions {
  /** Everything that the emulator keeps lies here. */
  folder: string;
  driver: Driver;
  listen: readonly Listen[];
  /** Milliseconds before a 401 is sent; Proxmox waits 3000. */
  unauthorizedDelay?: number;
  /** False where no statistics daemon runs: `cluster/resources` then knows no guest's status. */
  statistics?: boolean;
  /** Told each server that listens. */
  opened?: (server: Server) => void;
}

interface NodeListener {
  listen: Listen;
  server: Server | undefined;
  sockets: Set<Socket>;
}

export class SiteServer {
  readonly site: Site;
  /** PEM file of the authority that signed the nodes' certificates. */
  readonly authorityFile: string;
  readonly scheduler: Scheduler;
  readonly #listeners: NodeListener[];
  readonly #http: HttpOptions;
  readonly #opened: ((server: Server) => void) | undefined;

  private constructor(site: Site, authorityFile: string, options: SiteOptions) {
    this.site = site;
    this.authorityFile = authorityFile;
    this.#opened = options.opened;
    this.#listeners = options.listen.map((listen) => ({
      listen: { ...listen },
      server: undefined,
      sockets: new Set(),
    }));
    const router = new Router(endpoints);
    this.#http = { site, router, unauthorizedDelay: options.unauthorizedDelay ?? 3000 };
    this.scheduler = new Scheduler(site, router);
  }

  /** Opens the folder and listens. Node certificates are made where they are missing. */
  static async start(options: SiteOptions): Promise<SiteServer> {
    const site = new Site(options.folder, options.driver, { statistics: options.statistics ?? true });
    const holders = options.listen.map(({ node, address }) => ({ node, names: [address] }));
    const authorityFile = await ensureCertificates(join(options.folder, "certificates"), holders);
    const server = new SiteServer(site, authorityFile, options);
    // Before anybody can ask for anything: containers may run since before this server.
    await enforceFirewall(site);
    await server.applyFaults();
    server.scheduler.skipMissed();
    return server;
  }

  /** Base of a node's API, such as `https://127.0.0.1:8006/api2/json`. */
  url(node: string): string {
    const listener = this.#listeners.find(({ listen }) => listen.node === node);
    if (listener === undefined) throw new Error(`no node '${node}' listens`);
    return `https://${listener.listen.address}:${String(listener.listen.port)}/api2/json`;
  }

  get addresses(): readonly Listen[] {
    return this.#listeners.map(({ listen }) => listen);
  }

  /** Opens and closes the nodes' ports, so that an unreachable node refuses connections. */
  async applyFaults(): Promise<void> {
    for (const listener of this.#listeners) {
      const { node } = listener.listen;
      const isDown = this.site.faults
        .list()
        .some((fault) => fault.name === "node-unreachable" && (fault.settings.node ?? node) === node);
      if (isDown) await closeListener(listener);
      else if (listener.server === undefined) await this.#open(listener);
    }
  }

  /** Closes all ports; running tasks end with the process. */
  async close(): Promise<void> {
    for (const listener of this.#listeners) await closeListener(listener);
    for (const node of this.site.nodes) node.tasks.abandon();
    this.site.save();
  }

  async #open(listener: NodeListener): Promise<void> {
    const { node, address, port } = listener.listen;
    const files = certificateFiles(join(this.site.folder, "certificates"), node);
    const cert = readFileSync(files.certificate);
    this.site.fingerprints.set(node, new X509Certificate(cert).fingerprint256);
    const server = createServer({ cert, key: readFileSync(files.key), minVersion: "TLSv1.3" }, (request, response) => {
      // handleRequest answers every failure itself; what is left is a connection that went away.
      handleRequest(this.#http, node, request, response).catch(() => response.destroy());
    });
    server.keepAliveTimeout = idleMilliseconds;
    server.on("connection", (socket: Socket) => {
      listener.sockets.add(socket);
      socket.on("close", () => listener.sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, address, () => resolve());
    });
    listener.server = server;
    listener.listen.port = portOf(server.address());
    this.#opened?.(server);
  }
}

/**
 * pveproxy closes a connection after 5 s without a request. Node's own 5 s end while a request waits that has already arrived,
 * where this process was busy, and the provider fails a DELETE then: longer than Proxmox's, this does not happen.
 */
const idleMilliseconds = 30_000;

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  return address.port;
}

async function closeListener(listener: NodeListener): Promise<void> {
  const { server } = listener;
  if (server === undefined) return;
  listener.server = undefined;
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  for (const socket of listener.sockets) socket.destroy();
  await closed;
}
