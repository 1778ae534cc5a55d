import { encodeParameters } from "./encoding";
import type { Answer, Request } from "./request";
import type { Transport } from "./transport";

/** How long an answer about privileges stands for the next one, in milliseconds: as long as one look at a guest takes. */
const stands = 2_000;

/** A question that was sent. */
interface Asked {
  /** By `performance.now()`. */
  readonly at: number;
  readonly answer: Promise<Answer>;
}

/**
 * The same transport, but what the caller may do on a path is asked once for one look: every rule of a plan asks for itself,
 * which made a third of a plan's requests. A change of any kind, a failure and two seconds each end what is known, so that
 * nothing is decided by what was true before.
 */
export function privilegesAskedOnce(transport: Transport): Transport {
  const known = new Map<string, Asked>();

  function ask(request: Request): Promise<Answer> {
    const key = encodeParameters(request.parameters ?? {});
    const before = known.get(key);
    const at = performance.now();
    if (before !== undefined && at - before.at < stands) return before.answer;
    const asked = { at, answer: transport.send(request) };
    known.set(key, asked);
    asked.answer.catch(() => {
      if (known.get(key) === asked) known.delete(key);
    });
    return asked.answer;
  }

  async function change(request: Request): Promise<Answer> {
    try {
      return await transport.send(request);
    } finally {
      // Not before: what is asked while it is on its way may be answered by what was true until then.
      known.clear();
    }
  }

  return {
    endpoint: transport.endpoint,
    send: (request) => {
      if (request.method !== "GET") return change(request);
      return isAboutPrivileges(request) ? ask(request) : transport.send(request);
    },
    close: () => transport.close(),
  };
}

/** Whose caller may end it by itself is nobody else's. */
function isAboutPrivileges({ path, signal, timeout }: Request): boolean {
  return path.join("/") === "access/permissions" && signal === undefined && timeout === undefined;
}
