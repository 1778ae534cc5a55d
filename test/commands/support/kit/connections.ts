import { AsyncResource } from "node:async_hooks";
import type { Server } from "node:https";
import { Duplex } from "node:stream";
import tls, { type PeerCertificate, TLSSocket } from "node:tls";
import * as z from "zod";
import { VirtualProcess } from "./virtual-process";
import { wrap } from "./wrap";

/**
 * Connections from this process to servers in it. The first one that trusts a server in some way is a real one, with TLS over
 * TCP. Where that has accepted the server's certificate, further ones that trust it in the same way are spared the handshake,
 * which costs as much as ten requests: what is written at one end is read at the other.
 */
class End extends Duplex {
  /** What happens at an end is the work of whoever opened it, not of whoever writes at the other. */
  private readonly scope = new AsyncResource("connection");
  private other: End | undefined;
  private taken: (() => void) | undefined;

  /** @param certificate that the other side has shown. */
  constructor(private readonly certificate?: PeerCertificate) {
    super({ allowHalfOpen: false });
  }

  getPeerCertificate(): PeerCertificate | undefined {
    return this.certificate;
  }

  join(other: End): void {
    this.other = other;
    other.other = this;
  }

  override _read(): void {
    const { taken } = this;
    this.taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.send(chunk, done);
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: () => void): void {
    this.send(null, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.send(null, () => undefined);
    done(error);
  }

  /** As by the network: it arrives a turn of the event loop later. */
  private send(chunk: Buffer | null, done: () => void): void {
    setImmediate(() => {
      const wantsMore = this.other?.scope.runInAsyncScope(() => this.other?.receive(chunk)) ?? true;
      if (wantsMore || this.other === undefined) return done();
      this.other.taken = () => this.scope.runInAsyncScope(done);
    });
  }

  private receive(chunk: Buffer | null): boolean {
    return this.destroyed || this.push(chunk) || chunk === null;
  }

  // What else a socket has; there is nothing to set here.
  setKeepAlive = (): this => this;
  setNoDelay = (): this => this;
  setTimeout = (): this => this;
  ref = (): this => this;
  unref = (): this => this;
}

interface Reachable {
  readonly server: Server;
  /** In which the server answers. */
  readonly scope: AsyncResource;
  /** How it was trusted by connections that were real, and the certificate that each was shown. */
  readonly trusted: Map<string, PeerCertificate>;
  readonly ends: Set<End>;
}

/** By port. */
const reachable = new Map<number, Reachable>();

let isInstalled = false;

/** Connections to a server that listens need not leave the process. */
export function reachableHere(server: Server): void {
  if (!isInstalled) wrap(tls, "connect", connect);
  isInstalled = true;
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server does not listen on a port.");
  const ends = new Set<End>();
  reachable.set(address.port, { server, scope: new AsyncResource("server"), trusted: new Map(), ends });
  server.once("close", () => {
    if (reachable.get(address.port)?.server === server) reachable.delete(address.port);
    for (const end of ends) end.destroy();
  });
}

/** Options by which the one side decides whether the other is trusted; with others the connection is a real one. */
const trustSchema = z.object({
  host: z.literal("127.0.0.1"),
  port: z.coerce.number(),
  servername: z.string().nullish(),
  ca: z.union([z.string(), z.array(z.string())]),
  rejectUnauthorized: z.literal(true).optional(),
  checkServerIdentity: z.undefined().optional(),
  socket: z.undefined().optional(),
});

function connect(original: (...words: unknown[]) => unknown, self: unknown, words: unknown[]): unknown {
  const { data } = trustSchema.safeParse(words[0]);
  const place = data === undefined ? undefined : reachable.get(data.port);
  if (place === undefined || !place.server.listening) return Reflect.apply(original, self, words);
  const trust = JSON.stringify(data);
  const certificate = place.trusted.get(trust);
  if (certificate !== undefined) return openHere(place, certificate);
  const socket: unknown = Reflect.apply(original, self, words);
  if (socket instanceof TLSSocket) {
    socket.once("secureConnect", () => {
      if (socket.authorized) place.trusted.set(trust, socket.getPeerCertificate());
    });
  }
  return socket;
}

function openHere({ server, scope, ends }: Reachable, certificate: PeerCertificate): End {
  const near = new End(certificate);
  const far = scope.runInAsyncScope(() => new End());
  near.join(far);
  if (VirtualProcess.current?.connects(near) === false) return near.destroy();
  ends.add(far);
  far.once("close", () => ends.delete(far));
  setImmediate(() => {
    if (near.destroyed) return;
    scope.runInAsyncScope(() => server.emit("secureConnection", far));
    near.emit("secureConnect");
  });
  return near;
}
