import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { socketPath } from "../../../machine/socket-path";

/** A conversation in lines over one of QEMU's sockets, which talks to one client at a time and lets others wait. */
export class JsonSocket {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    // The lines end, or fail, with the connection.
    socket.on("error", () => undefined);
    const lines = createInterface({ input: socket });
    // A socket that is destroyed has no end.
    socket.on("close", () => lines.close());
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** @throws the failure of Node: ENOENT or ECONNREFUSED where no QEMU listens */
  static async open(folder: string, name: string): Promise<JsonSocket> {
    const { path, release } = socketPath(folder, name);
    try {
      const socket = connect(path);
      await once(socket, "connect");
      return new JsonSocket(socket);
    } finally {
      release();
    }
  }

  send(message: unknown, before = ""): void {
    this.#socket.write(Buffer.concat([Buffer.from(before, "latin1"), Buffer.from(`${JSON.stringify(message)}\n`)]));
  }

  /** The next line; undefined when there will be none: the connection is lost, or nothing came for `limit` milliseconds. */
  async line(limit: number): Promise<string | undefined> {
    const timer = setTimeout(() => this.close(), limit);
    try {
      const next = await this.#lines.next();
      return next.done === true ? undefined : next.value;
    } catch {
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}
