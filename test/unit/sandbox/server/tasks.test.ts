import type { Worker } from "../../../sandbox/model/tasks";
import { TestServer, TOKENS } from "./support";

const restoring: Worker = async (task) => {
  await task.checkpoint("allocate");
  await task.checkpoint("extract");
};

describe("tasks of the emulator", () => {
  let site: TestServer;
  beforeEach(async () => {
    site = await TestServer.start();
  });
  afterEach(() => site.end());

  function start(worker: Worker, user = "root@pam!all"): string {
    return site.node().tasks.start("vzdump", "101", user, worker);
  }

  function read(upid: string, rest: string, token = TOKENS.root): ReturnType<TestServer["call"]> {
    return site.call("GET", `/nodes/one/tasks/${encodeURIComponent(upid)}${rest}`, { token });
  }

  test("status and log of a task that ended well, with its process taken from the UPID", async () => {
    const upid = start(async (task) => {
      task.log("INFO: first");
      await task.checkpoint("half-way");
      task.log("INFO: second");
    });
    await site.node().tasks.wait(upid);
    const [, node, pid = "", , starttime = ""] = upid.split(":");
    const status = (await read(upid, "/status")).body.data;
    expect(status).toMatchObject({ upid, node, status: "stopped", exitstatus: "OK", user: "root@pam", tokenid: "all" });
    expect(status).toMatchObject({ pid: Number.parseInt(pid, 16), starttime: Number.parseInt(starttime, 16) });
    const log = (await read(upid, "/log?start=1&limit=1")).body;
    expect(log).toEqual({ data: [{ n: 2, t: "INFO: second" }], total: 3 });
  });

  test("warnings and errors decide the exit status", async () => {
    const warned = start((task) => task.warn("a little odd"));
    expect(await site.node().tasks.wait(warned)).toBe("WARNINGS: 1");
    const failed = start(() => {
      throw new Error("no space\nleft");
    });
    expect(await site.node().tasks.wait(failed)).toBe("no space left");
    expect((await read(failed, "/log")).body.data).toEqual([{ n: 1, t: "TASK ERROR: no space left" }]);
    const errors = await site.call("GET", "/nodes/one/tasks?errors=1", { token: TOKENS.root });
    expect(errors.body).toMatchObject({ total: 2, data: [{ upid: failed }, { upid: warned }] });
  });

  test("others' tasks are not for everybody", async () => {
    const upid = start(() => undefined);
    await site.node().tasks.wait(upid);
    expect((await site.call("GET", "/nodes/one/tasks", { token: TOKENS.own })).body).toEqual({ data: [] });
    expect((await read(upid, "/status", TOKENS.own)).reason).toBe("Permission check failed (/nodes/one, Sys.Audit)");
  });

  test("DELETE interrupts a running task", async () => {
    const upid = start(async (task) => {
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        await task.checkpoint("again");
      }
    });
    const running = await site.call("GET", "/nodes/one/tasks?source=active", { token: TOKENS.root });
    expect(running.body.data).toMatchObject([{ upid, status: "RUNNING" }]);
    await site.call("DELETE", `/nodes/one/tasks/${encodeURIComponent(upid)}`, { token: TOKENS.root });
    expect((await read(upid, "/status")).body.data).toMatchObject({ exitstatus: "received interrupt" });
  });

  test("unreadable and unknown names are wrong parameters", async () => {
    expect((await read("garbage", "/status")).body.errors).toEqual({ upid: "unable to parse worker upid" });
    const unknown = "UPID:one:00000001:00000002:6B00A000:vzdump:101:root@pam:";
    expect((await read(unknown, "/status")).body.errors).toEqual({ upid: "no such task" });
    const missing = { data: [{ n: 1, t: "unable to open file - No such file or directory" }], total: 1 };
    expect((await read(unknown, "/log")).body).toEqual(missing);
    expect((await read(unknown, "/log", TOKENS.own)).reason).toBe("Permission check failed (/nodes/one, Sys.Audit)");
  });

  test("a filter by user looks at the user, not at the token that the task was started with", async () => {
    const upid = start(() => undefined);
    await site.node().tasks.wait(upid);
    const found = (filter: string) => site.call("GET", `/nodes/one/tasks?userfilter=${filter}`, { token: TOKENS.root });
    expect((await found("ROOT")).body.data).toMatchObject([{ upid }]);
    expect((await found("all")).body.data).toEqual([]);
  });

  test("the fault 'task-dies' fails the worker at its checkpoint, once", async () => {
    site.server.site.faults.set("task-dies", { type: "vzdump", at: "extract", text: "tar died", times: "1" });
    expect(await site.node().tasks.wait(start(restoring))).toBe("tar died");
    expect(await site.node().tasks.wait(start(restoring))).toBe("OK");
  });

  test("the fault 'worker-killed' ends the task without a last line and without cleaning up", async () => {
    site.server.site.faults.set("worker-killed", { at: "extract" });
    let cleanedUp = false;
    const upid = start(async (task) => {
      try {
        await task.checkpoint("extract");
      } finally {
        cleanedUp = true;
      }
    });
    expect(await site.node().tasks.wait(upid)).toBe("unexpected status");
    expect(cleanedUp).toBe(false);
    expect(site.node().tasks.log(upid)).toEqual([]);
  });

  test("the fault 'task-waits' holds the worker at its checkpoint until it is off, or the task is stopped", async () => {
    site.server.site.faults.set("task-waits", { type: "vzdump", at: "extract" });
    const held = start(restoring);
    const stopped = start(restoring);
    await site.node().tasks.stop(stopped);
    expect(await site.node().tasks.wait(stopped)).toBe("received interrupt");
    expect((await read(held, "/status")).body.data).toMatchObject({ status: "running" });
    site.server.site.faults.clear("task-waits");
    expect(await site.node().tasks.wait(held)).toBe("OK");
  });
});
