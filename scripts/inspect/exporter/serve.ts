import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { hasCode, messageOf } from "../../machine/error-code";
import { CommandError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import { pageType } from "./page";

/** Where the page is answered. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** More than a few Prometheus servers never ask at once. */
const connectionsAtMost = 64;

/** Milliseconds that somebody has to ask, and to take each part of the answer: who is slower keeps others out. */
const patienceOfAnswers = 10_000;

export interface Served {
  /** `http://127.0.0.1:9941` */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Answers `/metrics` from what there is, and `/-/healthy`.
 *
 * @param patience milliseconds after which a connection ends that does not ask, or does not take its answer
 * @throws CommandError (1) where the address cannot be used
 */
export async function serve(
  { host, port }: ListenAddress,
  text: () => string,
  patience: number = patienceOfAnswers,
): Promise<Served> {
  const pages = new PackedPages(text);
  const limits = { headersTimeout: patience, requestTimeout: patience, connectionsCheckingInterval: patience / 2 };
  const server = createServer(limits, (request, response) => answer(request, response, pages));
  server.maxConnections = connectionsAtMost;
  // Node waits for ever for who does not read.
  server.timeout = patience;
  await listening(server, host, port);
  const shown = host.includes(":") ? `[${host}]` : host;
  return {
    url: `http://${shown}:${String(portOf(server.address()))}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(cannotListen(error, host, port)));
    server.listen(port, host, resolve);
  });
}

function cannotListen(error: Error, host: string, port: number): CommandError {
  const hint = hasCode(error, "EADDRINUSE") ? "another process has it: choose one with --listen" : "see --listen";
  return new CommandError(`${host}:${String(port)} cannot be listened on: ${messageOf(error)}`, {
    exitCode: exitCodes.failed,
    hint,
  });
}

interface Page {
  readonly text: string;
  readonly plain: Buffer;
  readonly packed: Buffer;
}

/** The page as it was last packed: it is the same for all who ask until the next look, and once in memory for all of them. */
class PackedPages {
  private last: Page | undefined;

  constructor(private readonly text: () => string) {}

  page(): Page {
    const text = this.text();
    if (this.last?.text !== text) {
      this.last = { text, plain: Buffer.from(text), packed: gzipSync(text, { level: 1 }) };
    }
    return this.last;
  }
}

function answer(request: IncomingMessage, response: ServerResponse, pages: PackedPages): void {
  const { method = "", url = "", headers } = request;
  const path = url.split("?", 1)[0];
  request.resume();
  if (method !== "GET" && method !== "HEAD")
    return end(response, 405, "Only GET is answered.\n", { Allow: "GET, HEAD" });
  if (path === "/-/healthy") return end(response, 200, "It runs.\n");
  if (path !== "/metrics") return end(response, 404, "There is /metrics, and /-/healthy.\n");
  const type = { "Content-Type": pageType, Vary: "Accept-Encoding" };
  const takesPacked = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|$))/u.test(headers["accept-encoding"] ?? "");
  if (takesPacked) end(response, 200, pages.page().packed, { ...type, "Content-Encoding": "gzip" });
  else end(response, 200, pages.page().plain, type);
}

function end(
  response: ServerResponse,
  status: number,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = { "Content-Type": "text/plain; charset=utf-8" },
): void {
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(body) });
  // Node leaves the body of an answer to HEAD out.
  response.end(body);
}
