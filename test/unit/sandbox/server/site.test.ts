import { connect } from "node:tls";
import { control, serveControl, siteStatus } from "../../../sandbox/server/control";
import { controlHandler } from "../../../sandbox/server/control-handler";
import { TestServer, TOKENS } from "./support";

describe("the emulator's site", () => {
  let site: TestServer;
  beforeEach(async () => {
    site = await TestServer.start();
  });
  afterEach(() => site.end());

  test("state and ended tasks are there after a restart; a task that ran has lost its worker", async () => {
    await site.call("POST", "/pools", { token: TOKENS.root, body: "poolid=kept" });
    const ended = site.node().tasks.start("vzstart", "101", "root@pam", (task) => task.log("started"));
    await site.node().tasks.wait(ended);
    const running = site.node().tasks.start("vzdump", "101", "root@pam", () => new Promise<void>(() => undefined));
    await site.stop();
    site = await TestServer.start(site.folder);
    expect((await site.call("GET", "/pools/kept", { token: TOKENS.root })).status).toBe(200);
    expect(site.node().tasks.find(ended)?.exitstatus).toBe("OK");
    expect(site.node().tasks.log(ended)).toEqual(["started", "TASK OK"]);
    expect(site.node().tasks.find(running)?.exitstatus).toBe("unexpected status");
    const next = site.node().tasks.start("vzstop", "101", "root@pam", () => undefined);
    expect([ended, running]).not.toContain(next);
  });

  test("TLS 1.2 is refused", async () => {
    const port = Number(new URL(site.server.url("one")).port);
    const failure = await new Promise<Error>((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, maxVersion: "TLSv1.2", rejectUnauthorized: false }, () => {
        socket.destroy();
        reject(new Error("the server took TLS 1.2"));
      });
      socket.on("error", resolve);
    });
    expect(failure.message).toMatch(/alert protocol version|ECONNRESET/);
  });

  test("a connection stays open for longer than Proxmox's 5 s, also where this process is busy meanwhile", async () => {
    const port = Number(new URL(site.server.url("one")).port);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () =>
        socket.write(
          `GET /api2/json/version HTTP/1.1\r\nHost: one\r\nAuthorization: PVEAPIToken=${TOKENS.root}\r\n\r\n`,
        ),
      );
      socket.once("error", reject);
      socket.once("data", (chunk: Buffer) => {
        socket.destroy();
        resolve(chunk.toString());
      });
    });
    expect(Number(/^keep-alive: timeout=(\d+)/imu.exec(answer)?.[1])).toBeGreaterThan(5);
  });

  test("an unreachable node refuses connections, its neighbour answers 595 for it, and both end with the fault", async () => {
    site.server.site.faults.set("node-unreachable", { node: "two" });
    await site.server.applyFaults();
    await expect(site.call("GET", "/version", { node: "two", token: TOKENS.root })).rejects.toThrow(/ECONNREFUSED/);
    expect(await site.call("GET", "/nodes/two/storage", { token: TOKENS.root })).toMatchObject({ status: 595 });
    site.server.site.faults.clear("node-unreachable");
    await site.server.applyFaults();
    expect((await site.call("GET", "/version", { node: "two", token: TOKENS.root })).status).toBe(200);
  });

  test("after a 596 the work was done all the same", async () => {
    site.server.site.faults.set("answer-596", { path: "^POST /pools$", times: "1" });
    const body = "poolid=lost";
    expect(await site.call("POST", "/pools", { token: TOKENS.root, body })).toMatchObject({ status: 596, text: "" });
    expect((await site.call("GET", "/pools/lost", { token: TOKENS.root })).status).toBe(200);
  });

  test("a skewed clock is that node's alone; an expired token is refused while the fault is on", async () => {
    site.server.site.faults.set("clock-skew", { node: "two", seconds: "3600" });
    expect(site.node("two").clock.seconds() - site.node("one").clock.seconds()).toBeGreaterThanOrEqual(3599);
    site.server.site.faults.set("token-expires", { token: "root@pam!all" });
    expect((await site.call("GET", "/version", { token: TOKENS.root })).status).toBe(401);
    expect((await site.call("GET", "/version", { token: TOKENS.own })).status).toBe(200);
  });

  test("faults with unknown names or settings are refused", () => {
    const { faults } = site.server.site;
    expect(() => faults.set("nope", {})).toThrow(/unknown fault 'nope'/);
    expect(() => faults.set("slow-storage", {})).toThrow(/needs the setting 'milliseconds'/);
    expect(() => faults.set("task-dies", { storage: "x" })).toThrow(/no setting 'storage'/);
  });

  test("the control socket writes guests' configurations, moves the clock and tells errors", async () => {
    const door = await serveControl(
      site.folder,
      controlHandler(site.server, () => undefined),
    );
    try {
      await control(site.folder, {
        command: "write",
        path: "/etc/pve/nodes/one/lxc/101.conf",
        content: "lock: backup\n",
      });
      expect(site.node().cluster.guest(101)?.configuration).toBe("lock: backup\n");
      const before = site.node().clock.seconds();
      await control(site.folder, { command: "clock", offset: 86_400 });
      expect(site.node().clock.seconds() - before).toBeGreaterThanOrEqual(86_400);
      await expect(control(site.folder, { command: "set-fault", name: "nope" })).rejects.toThrow(/unknown fault/);
      expect((await siteStatus(site.folder)).nodes.map(({ node }) => node)).toEqual(["one", "two"]);
    } finally {
      await door.close();
    }
  });
});
