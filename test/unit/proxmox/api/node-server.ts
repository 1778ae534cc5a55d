import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { certificateFiles, ensureCertificates } from "../../../sandbox/server/certificates";

/** A request as the server got it. */
export interface SeenRequest {
  method: string;
  /** Path with query, still percent-encoded. */
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}

/** What the server answers. */
export interface Reply {
  status?: number;
  reason?: string;
  /** JSON, or a text as it is. */
  body?: unknown;
  headers?: Record<string, string>;
}

export type Handler = (
  request: SeenRequest,
  response: ServerResponse,
) => Reply | "handled" | Promise<Reply | "handled">;

/** An HTTPS server on loopback with a certificate from an authority of its own. */
export class NodeServer {
  readonly seen: SeenRequest[] = [];
  connections = 0;

  private constructor(
    private readonly server: Server,
    readonly ca: string,
    readonly fingerprint: string,
  ) {}

  static async start(handler: Handler, listen = "127.0.0.1"): Promise<NodeServer> {
    const folder = mkdtempSync(join(tmpdir(), "lifeboat-node-"));
    await ensureCertificates(folder, [{ node: "pve", names: [] }]);
    const files = certificateFiles(folder, "pve");
    const certificate = readFileSync(files.certificate);
    const server = createServer({ cert: certificate, key: readFileSync(files.key), minVersion: "TLSv1.3" });
    const ca = readFileSync(certificateFiles(folder, "ca").certificate, "utf8");
    // Everything is in memory now; a test that ends early must leave nothing behind.
    rmSync(folder, { recursive: true, force: true });
    const node = new NodeServer(server, ca, new X509Certificate(certificate).fingerprint256);
    server.on("secureConnection", () => (node.connections += 1));
    server.on("request", (request, response) => void node.answer(request, response, handler));
    await new Promise<void>((resolve) => server.listen(0, listen, resolve));
    return node;
  }

  get endpoint(): string {
    const address = this.server.address();
    if (address === null || typeof address === "string") throw new Error("The server does not listen.");
    return `https://${address.address}:${String(address.port)}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse, handler: Handler): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(Buffer.from(part));
    const { method = "", url = "", headers } = request;
    const seen = { method, url, headers, body: Buffer.concat(parts).toString("utf8") };
    this.seen.push(seen);
    const reply = await handler(seen, response);
    if (reply === "handled") return;
    const { status = 200, reason, body = { data: null }, headers: own = {} } = reply;
    response.writeHead(status, reason, own);
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  }
}
