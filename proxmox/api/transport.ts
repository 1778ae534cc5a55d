import { Agent, type Dispatcher } from "undici";
import * as z from "zod";
import { encodeParameters, encodePath, type Parameters } from "./encoding";
import { kindOfAnswer, ProxmoxError, ReadOnlyViolation } from "./errors";
import type { Answer, Credential, Method, Request } from "./request";
import { SignIn } from "./sign-in";
import { codeOf, ConnectionFailed, type Trust, trustedConnector } from "./trust";

/** Longest waits, in milliseconds. */
export interface Timeouts {
  /** For a connection with TLS. Default 5,000. */
  connect: number;
  /** For the whole answer, unless the call says otherwise. Default 60,000: pveproxy itself gives up after 30 s. */
  answer: number;
}

/** One request as it went over the wire; for logs and tests. Parameters are left out: they may hold secrets. */
export interface Exchange {
  method: Method;
  path: string;
  status: number;
  milliseconds: number;
}

export interface ClientOptions {
  /** `https://192.0.2.11:8006`: a node, or any node of a cluster (it passes requests on to the others). */
  endpoint: string;
  trust: Trust;
  credential: Credential;
  timeouts?: Partial<Timeouts>;
  /** How long a node may be silent while a task of it is waited for, in milliseconds. Default two minutes. */
  patience?: number;
  observe?: (exchange: Exchange) => void;
}

/** Sends requests to one endpoint. Every failure is a {@link ProxmoxError}, or the signal's reason when aborted. */
export interface Transport {
  readonly endpoint: string;
  send(request: Request): Promise<Answer>;
  /** Closes all connections at once; requests that wait for an answer fail. */
  close(): Promise<void>;
}

const defaultTimeouts: Timeouts = { connect: 5_000, answer: 60_000 };

/** To one endpoint at a time; further requests wait for their turn. pveproxy answers with three processes. */
const mostConnections = 8;

const bodySchema = z.object({
  data: z.unknown(),
  message: z.string().optional(),
  errors: z.record(z.string(), z.string()).optional(),
  total: z.coerce.number().optional(),
  changes: z.string().optional(),
});

/**
 * @throws TypeError when the endpoint is not an `https` address.
 */
export function createTransport(options: ClientOptions): Transport {
  return new HttpsTransport(options);
}

/** The same transport, but anything other than GET is refused before it is sent: the proof behind `--dry-run`. */
export function readOnlyTransport(transport: Transport): Transport {
  return {
    endpoint: transport.endpoint,
    send: (request) =>
      request.method === "GET"
        ? transport.send(request)
        : Promise.reject(new ReadOnlyViolation(`${request.method} ${encodePath(request.path)}`)),
    close: () => transport.close(),
  };
}

/** A request ready for the wire. */
interface Prepared {
  method: Method;
  path: string;
  form: string;
  timeout: number;
  signal: AbortSignal | undefined;
}

class HttpsTransport implements Transport {
  readonly endpoint: string;
  /** For what only looks. */
  private readonly looks: Agent;
  /** A connection for each change: one that was kept may just be closing, and nobody could say whether the change arrived. */
  private readonly changes: Agent;
  private readonly timeouts: Timeouts;
  private readonly signIn: SignIn;
  private readonly observe: (exchange: Exchange) => void;

  constructor(options: ClientOptions) {
    const url = new URL(options.endpoint);
    if (url.protocol !== "https:") throw new TypeError(`${options.endpoint} is not an https address.`);
    this.endpoint = url.origin;
    this.timeouts = { ...defaultTimeouts, ...options.timeouts };
    this.observe = options.observe ?? (() => undefined);
    const agent = {
      connect: trustedConnector(options.trust, this.timeouts.connect),
      connections: mostConnections,
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    // pveproxy closes a connection that was idle for 5 s.
    this.looks = new Agent({ ...agent, keepAliveTimeout: 2_000, keepAliveMaxTimeout: 2_000 });
    this.changes = new Agent({ ...agent, pipelining: 0 });
    this.signIn = new SignIn(this.endpoint, options.credential, (form) => this.exchange(this.prepareSignIn(form), {}));
  }

  async send(request: Request): Promise<Answer> {
    const prepared = this.prepare(request);
    try {
      return await this.authenticated(prepared);
    } catch (error) {
      // Nothing changes by asking again, and a kept connection may have been closed under the first attempt.
      if (prepared.method !== "GET" || !isBrokenConnection(error)) throw error;
      return this.authenticated(prepared);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.looks.destroy(), this.changes.destroy()]);
  }

  private async authenticated(prepared: Prepared): Promise<Answer> {
    const headers = await this.signIn.headers(prepared.method);
    try {
      return await this.exchange(prepared, headers);
    } catch (error) {
      // Sign-in comes before everything else, so a refused request had no effect and may be sent with a new ticket.
      if (!(error instanceof ProxmoxError) || error.kind !== "unauthorized" || !this.signIn.renew()) throw error;
      return this.exchange(prepared, await this.signIn.headers(prepared.method));
    }
  }

  private prepare(request: Request): Prepared {
    return {
      method: request.method,
      path: encodePath(request.path),
      form: encodeParameters(request.parameters ?? {}),
      timeout: request.timeout ?? this.timeouts.answer,
      signal: request.signal,
    };
  }

  private prepareSignIn(form: Parameters): Prepared {
    return this.prepare({ method: "POST", path: ["access", "ticket"], parameters: form });
  }

  private async exchange(prepared: Prepared, headers: Record<string, string>): Promise<Answer> {
    const started = performance.now();
    const deadline = AbortSignal.timeout(prepared.timeout);
    try {
      const response = await this.request(prepared, headers, deadline);
      const text = await response.body.text();
      const milliseconds = performance.now() - started;
      this.observe({ method: prepared.method, path: prepared.path, status: response.statusCode, milliseconds });
      return this.read(prepared, response, text);
    } catch (error) {
      prepared.signal?.throwIfAborted();
      throw error instanceof ProxmoxError ? error : this.connectionError(prepared, error, deadline);
    }
  }

  /** Not by `fetch`, which takes twice as long. No redirect is followed: Proxmox sends none, and a credential would go along. */
  private request(
    prepared: Prepared,
    headers: Record<string, string>,
    deadline: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const inQuery = prepared.method === "GET" || prepared.method === "DELETE";
    const query = inQuery && prepared.form !== "" ? `?${prepared.form}` : "";
    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    const agent = prepared.method === "GET" ? this.looks : this.changes;
    return agent.request({
      origin: this.endpoint,
      path: `/api2/json${prepared.path}${query}`,
      method: prepared.method,
      headers: inQuery ? headers : { ...headers, ...form },
      body: inQuery ? null : prepared.form,
      signal: prepared.signal === undefined ? deadline : AbortSignal.any([prepared.signal, deadline]),
    });
  }

  private read(prepared: Prepared, response: Dispatcher.ResponseData, text: string): Answer {
    const body = parseBody(text);
    const isOk = response.statusCode >= 200 && response.statusCode < 300;
    if (isOk && body !== undefined) return { data: body.data, total: body.total, changes: body.changes };
    const details = {
      endpoint: this.endpoint,
      request: `${prepared.method} ${prepared.path}`,
      status: response.statusCode,
    };
    if (isOk) throw new ProxmoxError("unexpected", { ...details, reason: "it is not JSON with a member 'data'" });
    const reason = body?.message ?? (response.statusText || `status ${String(response.statusCode)}`);
    const parameters = body?.errors ?? {};
    throw new ProxmoxError(kindOfAnswer(response.statusCode, reason, parameters), { ...details, reason, parameters });
  }

  private connectionError(prepared: Prepared, error: unknown, deadline: AbortSignal): ProxmoxError {
    const details = { endpoint: this.endpoint, request: `${prepared.method} ${prepared.path}`, cause: error };
    const refused = findConnectionFailed(error);
    if (refused !== undefined) return new ProxmoxError(refused.reason, { ...details, reason: refused.message });
    if (deadline.aborted) {
      const seconds = String(Math.round(prepared.timeout / 100) / 10);
      return new ProxmoxError("lost", { ...details, reason: `no answer within ${seconds} s` });
    }
    return new ProxmoxError("lost", { ...details, reason: brokenReason(error) });
  }
}

function parseBody(text: string): z.infer<typeof bodySchema> | undefined {
  try {
    const parsed = bodySchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function findConnectionFailed(error: unknown): ConnectionFailed | undefined {
  if (error instanceof ConnectionFailed) return error;
  const hasCause = typeof error === "object" && error !== null && "cause" in error;
  return hasCause ? findConnectionFailed(error.cause) : undefined;
}

function brokenReason(error: unknown): string {
  return error instanceof Error ? error.message : "the connection broke";
}

function isBrokenConnection(error: unknown): boolean {
  if (!(error instanceof ProxmoxError) || error.kind !== "lost" || error.status !== undefined) return false;
  return ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"].includes(codeOf(error.cause));
}
