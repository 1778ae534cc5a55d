import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { socketPath } from "../../../../../sandbox/machine/socket-path";
import { AgentSilent } from "../../../../../sandbox/drivers/machines";
import { askAgent } from "../../../../../sandbox/drivers/real/machines/guest-agent";
import { Monitor, MonitorSilent, SOCKETS, untilEnd } from "../../../../../sandbox/drivers/real/machines/qmp";

// Sockets that say what QEMU and its agent say; that they do say it is shown by the rehearsal on the real ones.
const folder = mkdtempSync(join(tmpdir(), "lifeboat-qmp-"));
const servers: Server[] = [];
const clients = new Set<Socket>();

afterEach(async () => {
  for (const client of clients) client.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Answers each line; the first answer is to the connection itself. */
async function serve(name: string, answer: (line: string, socket: Socket) => void): Promise<void> {
  const server = createServer((socket) => {
    clients.add(socket);
    socket.on("error", () => undefined);
    answer("", socket);
    createInterface({ input: socket }).on("line", (line) => answer(line, socket));
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(resolve(folder, name), done));
}

function serveMonitor(answers: Readonly<Record<string, string>>): Promise<void> {
  return serve(SOCKETS.monitor, (line, socket) => {
    if (line === "") return socket.write('{"QMP": {"version": {}, "capabilities": []}}\r\n');
    const { execute } = JSON.parse(line);
    return socket.write(answers[execute] ?? '{"return": {}}\r\n');
  });
}

test("the monitor's answer is told from events around it, and its refusals are its own words", async () => {
  await serveMonitor({
    stop: '{"timestamp": {}, "event": "STOP"}\r\n{"return": {}}\r\n{"timestamp": {}, "event": "RESUME"}\r\n',
    "query-status": '{"return": {"status": "paused"}}\r\n',
    block_resize: '{"error": {"class": "GenericError", "desc": "Cannot find device"}}\r\n',
  });
  await Monitor.talk(folder, async (monitor) => {
    expect(await monitor.execute("stop")).toEqual({});
    expect(await monitor.execute("query-status")).toEqual({ status: "paused" });
    await expect(monitor.execute("block_resize", { size: 1 })).rejects.toThrow("Cannot find device");
  });
});

test("a QEMU that is not there, goes away or hangs is told as such", async () => {
  await expect(Monitor.talk(folder, async () => undefined)).rejects.toThrow(MonitorSilent);
  expect(await untilEnd(folder, 60_000)).toBe(true);
  await serve(SOCKETS.monitor, (line, socket) => (line === "" ? undefined : socket.destroy()));
  await expect(Monitor.talk(folder, async () => undefined, 20)).rejects.toThrow("QEMU does not answer");
});

test("a folder may have a longer path than a socket", async () => {
  const deep = join(folder, "x".repeat(120));
  mkdirSync(deep);
  const { path, release } = socketPath(deep, SOCKETS.monitor);
  await serve(path, (line, socket) => socket.write(line === "" ? '{"QMP": {}}\r\n' : '{"return": {}}\r\n'));
  await Monitor.talk(deep, async (monitor) => expect(await monitor.execute("stop")).toEqual({}));
  release();
});

test("the end of QEMU is the end of its socket", async () => {
  await serve(SOCKETS.end, () => undefined);
  expect(await untilEnd(folder, 20)).toBe(false);
  const ended = untilEnd(folder, 60_000);
  const waits = setInterval(() => {
    for (const client of clients) client.destroy();
  }, 10);
  expect(await ended).toBe(true);
  clearInterval(waits);
});

test("a QEMU that ends before it has taken the call has ended", async () => {
  await serve(SOCKETS.end, () => undefined);
  const ended = untilEnd(folder, 60_000);
  for (const server of servers) server.close();
  expect(await ended).toBe(true);
});

/** An agent that has half an answer to somebody else in its channel. */
function serveAgent(answers: Readonly<Record<string, string>>): Promise<void> {
  return serve(SOCKETS.agent, (line, socket) => {
    if (line === "") return socket.write('turn": 1}\n{"return": 12}\n');
    const { execute, arguments: given } = JSON.parse(line.slice(line.indexOf("{")));
    if (execute !== "guest-sync-delimited") return socket.write(answers[execute] ?? "");
    return socket.write(Buffer.concat([Buffer.from([0xff]), Buffer.from(`{"return": ${String(given.id)}}\n`)]));
  });
}

test("the agent's answer is that to this question, whatever is left of others", async () => {
  await serveAgent({
    "guest-get-host-name": '{"return": {"host-name": "grün"}}\n',
    "guest-exec": '{"error": {"class": "GenericError", "desc": "Failed to execute child process"}}\n',
  });
  expect(await askAgent(folder, "guest-get-host-name", undefined)).toEqual({ "host-name": "grün" });
  await expect(askAgent(folder, "guest-exec", { path: "/x" })).rejects.toThrow("Failed to execute child process");
});

test("no agent, and one that goes away, are silent; going away is what a shutdown answers", async () => {
  await expect(askAgent(folder, "guest-ping", undefined)).rejects.toThrow(AgentSilent);
  await serve(SOCKETS.agent, (line, socket) => {
    if (line === "") return;
    const { execute, arguments: given } = JSON.parse(line.slice(line.indexOf("{")));
    if (execute !== "guest-sync-delimited") socket.destroy();
    else socket.write(Buffer.concat([Buffer.from([0xff]), Buffer.from(`{"return": ${String(given.id)}}\n`)]));
  });
  await expect(askAgent(folder, "guest-ping", undefined)).rejects.toThrow(AgentSilent);
  expect(await askAgent(folder, "guest-shutdown", undefined)).toEqual({});
});
