import { once } from "node:events";
import { connect } from "node:net";
import * as z from "zod";
import { hasCode } from "../../../machine/files";
import { socketPath } from "../../../machine/socket-path";
import { JsonSocket } from "./json-socket";

/** Sockets of a running QEMU in the folder of its machine. Nothing is ever said on the last one: it closes with QEMU. */
export const SOCKETS = { monitor: "monitor.sock", agent: "agent.sock", end: "end.sock" } as const;

/** Milliseconds for an answer of QEMU: it flushes images meanwhile, on a machine that may be busy. */
const ANSWER_LIMIT = 300_000;

const replySchema = z.union([
  z.object({ return: z.unknown() }),
  z.object({ error: z.object({ class: z.string(), desc: z.string() }) }),
]);

/** QEMU does not answer: it has ended, or it hangs. */
export class MonitorSilent extends Error {
  override readonly name = "MonitorSilent";
}

/** QEMU's monitor, by its own protocol (QMP). */
export class Monitor {
  readonly #socket: JsonSocket;
  readonly #limit: number;

  private constructor(socket: JsonSocket, limit: number) {
    this.#socket = socket;
    this.#limit = limit;
  }

  /** Talks to the QEMU of a machine's folder. @param limit milliseconds for each answer @throws MonitorSilent */
  static async talk<Result>(
    folder: string,
    use: (monitor: Monitor) => Promise<Result>,
    limit = ANSWER_LIMIT,
  ): Promise<Result> {
    const socket = await JsonSocket.open(folder, SOCKETS.monitor).catch((failure: unknown) => {
      throw isNobody(failure) ? new MonitorSilent("QEMU does not run") : failure;
    });
    try {
      const monitor = new Monitor(socket, limit);
      await monitor.#line();
      await monitor.execute("qmp_capabilities");
      return await use(monitor);
    } finally {
      socket.close();
    }
  }

  /** @returns its `return` @throws MonitorSilent; Error with QEMU's own text */
  async execute(command: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown> {
    this.#socket.send({ execute: command, ...(parameters === undefined ? {} : { arguments: parameters }) });
    for (;;) {
      // Events stand between the answers.
      const reply = replySchema.safeParse(JSON.parse(await this.#line()));
      if (!reply.success) continue;
      if ("error" in reply.data) throw new Error(reply.data.error.desc);
      return reply.data.return;
    }
  }

  async #line(): Promise<string> {
    const line = await this.#socket.line(this.#limit);
    if (line === undefined) throw new MonitorSilent("QEMU does not answer");
    return line;
  }
}

/** Waits until the QEMU of a folder has closed its sockets, which the kernel does when it ends; false after `limit` ms. */
export async function untilEnd(folder: string, limit: number): Promise<boolean> {
  const { path, release } = socketPath(folder, SOCKETS.end);
  const socket = connect(path);
  try {
    await once(socket, "connect");
  } catch (failure) {
    if (isNobody(failure)) return true;
    throw failure;
  } finally {
    release();
  }
  let isOver = true;
  const timer = setTimeout(() => {
    isOver = false;
    socket.destroy();
  }, limit);
  // A call that QEMU has not taken when it ends is lost with an error, which is the end as well.
  socket.on("error", () => undefined);
  socket.resume();
  await new Promise<void>((resolve) => {
    socket.on("close", () => resolve());
  });
  clearTimeout(timer);
  return isOver;
}

function isNobody(failure: unknown): boolean {
  return ["ENOENT", "ECONNREFUSED", "ECONNRESET"].some((code) => hasCode(failure, code));
}
