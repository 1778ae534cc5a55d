import { createClient, type ProxmoxClient } from "../../../../proxmox/api/client";
import { ProxmoxError } from "../../../../proxmox/api/errors";
import { requireSuccess, TaskFailed, type TaskEvent } from "../../../../proxmox/api/tasks";
import { type Handler, NodeServer, type Reply } from "./node-server";

const upid = "UPID:pve:00002D2A:0007F14C:6B00B3ED:vzdump:101:lifeboat@pve!cli:";
const now = 1_795_208_000;

let server: NodeServer;
let client: ProxmoxClient;

async function serve(handler: Handler): Promise<void> {
  server = await NodeServer.start(handler);
  const trust = { kind: "ca", pem: server.ca } as const;
  const credential = { kind: "token", value: "lifeboat@pve!cli=not-a-secret-1" } as const;
  client = createClient({ endpoint: server.endpoint, trust, credential });
}

afterEach(async () => {
  await client.close();
  await server.stop();
});

/** A node on which one task runs for some rounds of asking and then ends. */
function taskNode(exitstatus: string, log: readonly string[], rounds = 2): Handler {
  let asked = 0;
  return ({ url }): Reply => {
    const { pathname, searchParams } = new URL(url, "https://node");
    const ended = asked >= rounds;
    if (pathname.endsWith("/status")) {
      asked += 1;
      const status = ended ? { status: "stopped", exitstatus } : { status: "running" };
      return { body: { data: { upid, type: "vzdump", id: "101", starttime: now, ...status } } };
    }
    const visible = ended ? log : log.slice(0, asked);
    const lines = visible.map((t, index) => ({ n: index + 1, t })).slice(Number(searchParams.get("start")));
    return { body: { data: lines.length > 0 || visible.length > 0 ? lines : [{ n: 1, t: "no content" }] } };
  };
}

describe("waiting for a task", () => {
  test("gives each line of the log once, in order, and asks the task's own node", async () => {
    await serve(taskNode("OK", ["one", "two", "three \u001b[31mred", "TASK OK"], 3));
    const events: TaskEvent[] = [];
    const outcome = await client.tasks.wait(upid, { onEvent: (event) => events.push(event) });
    expect(outcome).toMatchObject({ succeeded: true, warnings: 0, exitStatus: "OK" });
    expect(outcome.log).toEqual(["one", "two", "three red", "TASK OK"]);
    expect(events.flatMap((event) => (event.kind === "log" ? event.lines : []))).toEqual(outcome.log);
    expect(server.seen[0]?.url).toContain(`/nodes/pve/tasks/${encodeURIComponent(upid).replace("!", "%21")}/status`);
  });

  test.each([
    ["WARNINGS: 2", true, 2],
    ["job errors", false, 0],
    ["unexpected status", false, 0],
    ["OK but not really", false, 0],
    ["WARNINGS: many", false, 0],
  ])("'%s' counts as success: %s", async (exitstatus, succeeded, warnings) => {
    await serve(taskNode(exitstatus, ["x"], 0));
    const outcome = await client.tasks.wait(upid);
    expect(outcome).toMatchObject({ succeeded, warnings, exitStatus: exitstatus });
    if (succeeded) expect(requireSuccess(outcome)).toBe(outcome);
    else expect(() => requireSuccess(outcome)).toThrow(TaskFailed);
  });

  test("what the node says of another task is not the end of this one", async () => {
    const node = taskNode("OK", ["x"], 0);
    const other = { upid: upid.replace(":101:", ":102:"), type: "vzdump", id: "102", starttime: now };
    await serve((request, response) =>
      request.url.endsWith("/status")
        ? { body: { data: { ...other, status: "stopped", exitstatus: "OK" } } }
        : node(request, response),
    );
    await expect(client.tasks.wait(upid)).rejects.toMatchObject({ kind: "unexpected" });
  });

  test("a silent node does not end the waiting; an unknown task does", async () => {
    const node = taskNode("OK", ["x"], 1);
    let requests = 0;
    await serve((request, response) => {
      requests += 1;
      return requests === 2 ? { status: 596, reason: "Broken pipe", body: "" } : node(request, response);
    });
    const events: TaskEvent[] = [];
    await client.tasks.wait(upid, { onEvent: (event) => events.push(event) });
    expect(events.map(({ kind }) => kind)).toContain("silent");
    await expect(client.tasks.wait("no upid")).rejects.toThrow(RangeError);
  });

  test("patience ends", async () => {
    await serve(() => ({ status: 596, reason: "Broken pipe", body: "" }));
    await expect(client.tasks.wait(upid, { patience: 0 })).rejects.toMatchObject({ kind: "lost" });
  });

  test("an unknown task is an error at once", async () => {
    const body = { data: null, message: "Parameter verification failed.\n", errors: { upid: "no such task" } };
    await serve(() => ({ status: 400, body }));
    await expect(client.tasks.wait(upid)).rejects.toMatchObject({ kind: "gone" });
  });

  test("an abort ends the waiting, not the task", async () => {
    await serve(taskNode("OK", ["x"], 1_000));
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("enough")), 50);
    await expect(client.tasks.wait(upid, { signal: abort.signal })).rejects.toThrow("enough");
    expect(server.seen.every(({ method }) => method === "GET")).toBe(true);
  });
});

const entry = (over: Record<string, unknown> = {}) => ({
  upid,
  type: "vzdump",
  id: "101",
  user: "lifeboat@pve",
  starttime: now,
  ...over,
});

function losingNode(tasks: (search: number) => unknown[]): Handler {
  let search = 0;
  return ({ method, url }): Reply => {
    if (method === "POST") return { status: 596, reason: "Broken pipe", body: "" };
    if (url.endsWith("/time")) return { body: { data: { time: now, localtime: now, timezone: "UTC" } } };
    search += 1;
    return { body: { data: tasks(search) } };
  };
}

describe("starting a task whose answer is lost", () => {
  test("the task is found, and the request was sent once", async () => {
    await serve(losingNode((search) => (search < 2 ? [] : [entry(), entry({ type: "vzrestore" })])));
    await expect(client.backups.vzdump("pve", 101, { storage: "backup" })).resolves.toBe(upid);
    expect(server.seen.filter(({ method }) => method === "POST")).toHaveLength(1);
    const query = new URL(server.seen.at(-1)?.url ?? "", "https://node").searchParams;
    expect(Object.fromEntries(query)).toMatchObject({ vmid: "101", typefilter: "vzdump", source: "all" });
    expect(Number(query.get("since"))).toBeLessThanOrEqual(now);
  });

  test("a task that began before the request is an old one, also where the node lists it [K4]", async () => {
    const old = entry({ upid: upid.replace("2D2A", "2D2B"), starttime: now - 3_600 });
    await serve(losingNode((search) => (search < 2 ? [old] : [entry(), old])));
    await expect(client.backups.vzdump("pve", 101, { storage: "backup" })).resolves.toBe(upid);
  });

  test("two that fit are none: nobody knows which is ours", async () => {
    await serve(losingNode(() => [entry(), entry({ upid: upid.replace("2D2A", "2D2B") })]));
    const error: unknown = await client.backups.vzdump("pve", 101, {}).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ProxmoxError);
    expect(error).toMatchObject({ kind: "lost" });
    expect(String(error)).toContain("nobody knows whether it was started");
    expect(server.seen.filter(({ method }) => method === "POST")).toHaveLength(1);
  });

  test("any other refusal is passed on without a search", async () => {
    await serve(() => ({ status: 500, body: { data: null, message: "CT is locked (backup)\n" } }));
    await expect(client.backups.vzdump("pve", 101, {})).rejects.toMatchObject({ kind: "failed" });
    expect(server.seen).toHaveLength(1);
  });

  test.each([
    ["of another guest", upid.replace(":101:", ":102:")],
    ["on another node", upid.replace("UPID:pve:", "UPID:pve2:")],
    ["of another kind", upid.replace(":vzdump:", ":vzstop:")],
    ["of nothing", "UPID:"],
  ])("a task %s is not ours: it is looked for, and the request was sent once [K4]", async (_, other) => {
    const losing = losingNode(() => [entry()]);
    await serve((request, response) =>
      request.method === "POST" ? { body: { data: other } } : losing(request, response),
    );
    await expect(client.backups.vzdump("pve", 101, {})).resolves.toBe(upid);
    expect(server.seen.filter(({ method }) => method === "POST")).toHaveLength(1);
  });

  test("'OK' instead of a task's id: the node has no such guest", async () => {
    await serve(() => ({ body: { data: "OK" } }));
    await expect(client.backups.vzdump("pve", 101, {})).rejects.toThrow("no task was started on node pve");
  });
});
