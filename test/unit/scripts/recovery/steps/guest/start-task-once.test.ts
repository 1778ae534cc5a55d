import { type ProxmoxClient, createClient } from "../../../../../../proxmox/api/client";
import { ProxmoxError } from "../../../../../../proxmox/api/errors";
import type { Facts, StepContext } from "../../../../../../scripts/recovery/engine/step";
import { findStarted, runTaskOnce } from "../../../../../../scripts/recovery/steps/guest/start-task-once";
import { NodeServer } from "../../../../proxmox/api/node-server";

/** Tasks of the node, the newest first, and how each of them ended. */
let tasks: { readonly upid: string; readonly type: string; readonly id: string }[];
let endings: Record<string, string>;
let server: NodeServer;
let client: ProxmoxClient;

beforeAll(async () => {
  server = await NodeServer.start(({ url }) => {
    const { pathname } = new URL(url, "https://node");
    if (pathname.endsWith("/tasks")) return { body: { data: tasks.map((task) => ({ ...task, starttime: 1 })) } };
    const upid = decodeURIComponent(pathname.split("/").at(-2) ?? "");
    if (pathname.endsWith("/log")) return { body: { data: [{ n: 1, t: "TASK" }] } };
    const status = { status: "stopped", exitstatus: endings[upid] ?? "OK" };
    return { body: { data: { upid, type: "vzrestore", id: "101", starttime: 1, ...status } } };
  });
  const trust = { kind: "ca", pem: server.ca } as const;
  client = createClient({ endpoint: server.endpoint, trust, credential: { kind: "token", value: "a@pve!b=c" } });
});

afterAll(async () => {
  await client.close();
  await server.stop();
});

beforeEach(() => {
  endings = {};
  tasks = [old];
});

const upidOf = (number: number, type = "vzrestore", id = "101"): string =>
  `UPID:pve:0000000${String(number)}:0007F14C:6B00B3ED:${type}:${id}:lifeboat@pve!cli:`;
const old = { upid: upidOf(1), type: "vzrestore", id: "101" };
const own = { upid: upidOf(2), type: "vzrestore", id: "101" };

/** A step as the engine hands it its context; what it notes stays for the next attempt. */
class Attempt implements StepContext {
  readonly signal = new AbortController().signal;
  readonly notes: Facts[] = [];

  constructor(public facts: Facts = {}) {}

  note(facts: Facts): void {
    this.notes.push(facts);
    this.facts = { ...this.facts, ...facts };
  }

  factsOf(): Facts {
    return {};
  }

  progress(): void {}
}

let starts: number;
const request = {
  node: "pve",
  vmid: 101,
  type: "vzrestore",
  start: async () => {
    starts += 1;
    tasks = [own, ...tasks];
    return own.upid;
  },
};

beforeEach(() => {
  starts = 0;
});

test("which tasks were there, and that the request leaves, is noted before it does [K4]", async () => {
  const attempt = new Attempt();
  let noted: Facts = {};
  const start = (): Promise<string> => {
    noted = attempt.facts;
    return request.start();
  };
  await runTaskOnce(attempt, client, { ...request, start });
  expect(noted).toEqual({ knownTasks: old.upid, task: "pve vzrestore 101", asked: true, sent: true });
  expect(attempt.facts["upid"]).toBe(own.upid);
});

test("after a lost answer the task is the one that was not there before, and is not started again [K4]", async () => {
  const attempt = new Attempt({ knownTasks: old.upid, asked: true });
  tasks = [own, old];
  expect((await runTaskOnce(attempt, client, request)).upid).toBe(own.upid);
  expect([starts, attempt.facts["upid"]]).toEqual([0, own.upid]);
});

test("a task that was there before the request is never taken for its own, however alike they are [K4]", async () => {
  const attempt = new Attempt({ knownTasks: old.upid, asked: true });
  expect(await findStarted(attempt, client, request)).toBeUndefined();
  expect(attempt.facts["upid"]).toBeUndefined();
});

test("neither is one of another kind, or of another guest [K4]", async () => {
  const attempt = new Attempt({ knownTasks: old.upid, asked: true });
  tasks = [
    { upid: upidOf(3, "vzdump"), type: "vzdump", id: "101" },
    { upid: upidOf(4, "vzrestore", "102"), type: "vzrestore", id: "102" },
    old,
  ];
  expect(await findStarted(attempt, client, request)).toBeUndefined();
});

test("of two that came since, the first is its own: others begin theirs later [K4]", async () => {
  const attempt = new Attempt({ knownTasks: old.upid, asked: true });
  tasks = [{ upid: upidOf(5), type: "vzrestore", id: "101" }, own, old];
  expect(await findStarted(attempt, client, request)).toBe(own.upid);
});

test("where nothing was asked for, nothing is looked for [K4]", async () => {
  const seen = server.seen.length;
  expect(await findStarted(new Attempt(), client, request)).toBeUndefined();
  expect(server.seen.length).toBe(seen);
});

test("a task that failed is not found again: the next attempt starts a new one [K4]", async () => {
  const attempt = new Attempt();
  endings = { [own.upid]: "job errors" };
  expect((await runTaskOnce(attempt, client, request)).succeeded).toBe(false);
  expect(attempt.facts).toMatchObject({ failedTask: own.upid, asked: false });
  expect(await findStarted(attempt, client, request)).toBeUndefined();
  endings = {};
  const again = { ...own, upid: upidOf(3) };
  const start = async (): Promise<string> => {
    tasks = [again, ...tasks];
    return again.upid;
  };
  await runTaskOnce(attempt, client, { ...request, start });
  expect([starts, attempt.facts["upid"]]).toEqual([1, again.upid]);
});

test.each([
  ["forbidden", false],
  ["invalid", false],
  ["lost", true],
] as const)("an answer of kind '%s' leaves it open whether the request arrived: %s [K4]", async (kind, open) => {
  const attempt = new Attempt();
  const failing = { endpoint: server.endpoint, request: "POST /nodes/pve/lxc", reason: "no" };
  const start = (): Promise<string> => Promise.reject(new ProxmoxError(kind, failing));
  await expect(runTaskOnce(attempt, client, { ...request, start })).rejects.toThrow(ProxmoxError);
  expect([attempt.facts["asked"], attempt.facts["sent"]]).toEqual([open, open]);
});

test("a task of a moment before is not taken for the one whose answer was lost [K4]", async () => {
  const attempt = new Attempt();
  // The client found the older one by its time.
  const start = async (): Promise<string> => {
    tasks = [own, ...tasks];
    return old.upid;
  };
  await runTaskOnce(attempt, client, { ...request, start });
  expect(attempt.facts["upid"]).toBe(own.upid);
  tasks = [old];
  const nothing = runTaskOnce(new Attempt(), client, { ...request, start: async () => old.upid });
  await expect(nothing).rejects.toMatchObject({ kind: "lost" });
});
