import { connect, type Socket } from "node:net";
import { get } from "node:http";
import { setTimeout } from "node:timers/promises";
import { type Served, serve } from "../../../../../scripts/inspect/exporter/serve";

/** More than the buffers of a connection hold. */
const page = "lifeboat_build_info 1\n".repeat(400_000);
const patience = 300;

let served: Served;
let sockets: Socket[];

beforeEach(async () => {
  served = await serve({ host: "127.0.0.1", port: 0 }, () => page, patience);
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await served.close();
});

/** As many connections as are taken at once, none of which reads. */
async function occupy(words: string): Promise<void> {
  const port = Number(new URL(served.url).port);
  sockets = await Promise.all(
    Array.from({ length: 64 }, async () => {
      const socket = connect(port, "127.0.0.1").pause();
      socket.on("error", () => undefined);
      await new Promise((resolve) => socket.once("connect", resolve));
      socket.write(words);
      return socket;
    }),
  );
}

function ask(): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get(`${served.url}/-/healthy`, { agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("error", () => resolve(undefined));
  });
}

test.each([
  ["say nothing", ""],
  ["begin to ask", "GET /metrics HTTP/1.1\r\nHost: x\r\n"],
  ["ask and do not take the answer", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"],
  ["send without end", "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"],
])("connections that %s keep nobody out for long [C2]", async (_what, words) => {
  await occupy(words);
  const until = Date.now() + 10 * patience;
  let status = await ask();
  while (status === undefined && Date.now() < until) {
    await setTimeout(50);
    status = await ask();
  }
  expect(status).toBe(200);
});
