import { lockIn } from "../rules/guest-locks";
import { saysNotAllowed } from "../rules/not-allowed";
import { plainText } from "./plain-text";

/**
 * Why a request failed, as far as a caller decides by it.
 *
 * - `unreachable`: no connection was made, so the node has seen nothing.
 * - `untrusted`: the node's certificate is not the one that the settings trust; nothing was sent.
 * - `unauthorized`: 401, the token, ticket or password was not accepted.
 * - `forbidden`: 403, signed in, but a privilege is missing.
 * - `invalid`: 400, a parameter was refused.
 * - `gone`: the thing asked for does not exist. Proxmox has no 404: it says so with 500 or 400 and a text.
 * - `failed`: any other refusal by Proxmox.
 * - `lost`: the connection broke, or the answer took too long, or pveproxy lost the process behind it (595, 596, 599).
 *   **Whether the request had an effect is unknown**: a change must not be sent again before its task was looked for.
 * - `unexpected`: the answer was not what the Proxmox API gives (another web server, an unknown version).
 */
export type ProxmoxErrorKind =
  "unreachable" | "untrusted" | "unauthorized" | "forbidden" | "invalid" | "gone" | "failed" | "lost" | "unexpected";

/** What is known about a failed request. */
export interface ProxmoxErrorDetails {
  /** Address asked, such as `https://192.0.2.11:8006`. */
  endpoint: string;
  /** Method and path without parameters, such as `GET /nodes/pve/lxc/101/config`. */
  request: string;
  /** HTTP status, where there was an answer. */
  status?: number;
  /** One line: Proxmox's message, or what went wrong on the way. */
  reason: string;
  /** Proxmox's text for each refused parameter. */
  parameters?: Readonly<Record<string, string>>;
  cause?: unknown;
}

/** A request to Proxmox that failed. The texts hold no control characters; secrets are never part of a request's path. */
export class ProxmoxError extends Error {
  override readonly name = "ProxmoxError";
  readonly kind: ProxmoxErrorKind;
  readonly endpoint: string;
  readonly request: string;
  readonly status: number | undefined;
  readonly reason: string;
  /** What the guest is locked for (`backup`), where the request was refused because of that. */
  readonly lock: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;

  constructor(kind: ProxmoxErrorKind, details: ProxmoxErrorDetails) {
    const parameters = Object.fromEntries(
      Object.entries(details.parameters ?? {}).map(([name, text]) => [plainText(name), plainText(text)]),
    );
    const reason = plainText(details.reason);
    super(describe(kind, details, reason, parameters), { cause: details.cause });
    this.kind = kind;
    this.endpoint = details.endpoint;
    this.request = plainText(details.request);
    this.status = details.status;
    this.reason = reason;
    this.lock = kind === "failed" ? lockIn(reason) : undefined;
    this.parameters = parameters;
  }
}

function describe(
  kind: ProxmoxErrorKind,
  details: ProxmoxErrorDetails,
  reason: string,
  parameters: Readonly<Record<string, string>>,
): string {
  const listed = Object.entries(parameters).map(([name, text]) => `${name}: ${text}`);
  const text = [reason.replace(/[.:\s]+$/u, ""), ...(listed.length > 0 ? [listed.join("; ")] : [])].join(": ");
  switch (kind) {
    case "unreachable":
      return `${details.endpoint} cannot be reached: ${text}`;
    case "untrusted":
      return `the certificate of ${details.endpoint} is not trusted: ${text}`;
    case "unauthorized":
      return `${details.endpoint} did not accept the credential: ${text}`;
    case "forbidden":
      return `${details.endpoint} does not allow it: ${text}`;
    case "lost":
      return `the connection to ${details.endpoint} was lost before the answer to ${plainText(details.request)} came: ${text}`;
    case "unexpected":
      return `${details.endpoint} gave an answer to ${plainText(details.request)} that is not Proxmox VE's: ${text}`;
    case "invalid":
    case "gone":
    case "failed":
      return text;
  }
}

const unaskedKinds: ReadonlySet<ProxmoxErrorKind> = new Set(["forbidden", "failed", "gone", "lost"]);

/**
 * Whether just the one thing that was asked for could not be asked: it is unknown then, which is not "none", and others can
 * still be asked. In the other cases the node cannot be asked at all, or the request was wrong.
 */
export function couldNotBeAsked(error: unknown): error is ProxmoxError {
  return error instanceof ProxmoxError && unaskedKinds.has(error.kind);
}

/** Statuses that pveproxy gives when it lost the process (or node) that does the work. */
const lostStatuses: ReadonlySet<number> = new Set([595, 596, 599]);

/** How Proxmox words "it is not there"; the status is 500 or 400. Source: recordings of the API of 9.2. */
const goneText = /does not exist|no such |No such |no rule at position|no format$/u;

const missingPool = /\(pool '[^']*' does not exist\)/u;

/** The kind of an answer that is not a success, by its status and texts. */
export function kindOfAnswer(
  status: number,
  reason: string,
  parameters: Readonly<Record<string, string>>,
): ProxmoxErrorKind {
  if (status === 401) return "unauthorized";
  // What dies inside a lock comes as 500, with the real status in its text.
  if (status === 403 || (status === 500 && saysNotAllowed(reason))) {
    // Proxmox checks a pool's existence together with the right to use it, and says it in the same way.
    return missingPool.test(reason) ? "gone" : "forbidden";
  }
  if (lostStatuses.has(status)) return "lost";
  const texts = [reason, ...Object.values(parameters)];
  if ((status === 500 || status === 400) && texts.some((text) => goneText.test(text))) return "gone";
  if (status === 400) return "invalid";
  return status >= 500 ? "failed" : "unexpected";
}

/** A change was asked of a client that may only look. It is a defect of the caller, never a user's mistake. */
export class ReadOnlyViolation extends Error {
  override readonly name = "ReadOnlyViolation";

  constructor(request: string) {
    super(`A read-only client was asked to send ${request}.`);
  }
}
