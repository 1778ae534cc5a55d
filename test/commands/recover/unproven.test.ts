import { createServer } from "node:net";
import { RecoverSite } from "./recover-site";

/** A recovery that has ended with a guest whose check failed. */

test("nothing is lost any more, and what the last recovery could not prove is checked again: 3 until it is in order, then 0 [H1, K3]", async () => {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => probe.once("listening", done));
  const address = probe.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await new Promise((done) => probe.close(done));
  const lost = await RecoverSite.start([{ id: 101, name: "web", checks: `[running, "tcp:${String(port)}"]` }]);
  const service = createServer((socket) => socket.end());
  try {
    const { site } = lost;
    const own = site.read("Pulumi.prod.yaml").replace("192.0.2.101/24, gateway: 192.0.2.1", "127.0.0.1/8");
    site.write("Pulumi.prod.yaml", own);
    await site.destroy(101);
    expect((await lost.recover(["--force"])).code).toBe(3);
    const requests = site.requests().length;
    const second = await lost.recover();
    expect(second.stderr).toContain("an earlier recovery ended with something not in order");
    expect([second.code, second.stdout]).toEqual([
      3,
      expect.stringMatching(
        /^The site is NOT PROVEN to be back, by a check of [\d.]+ m?s; the recovery began at [^]*PROBLEM: prod: web: check 'tcp:\d+' failed/u,
      ),
    ]);
    const sent = site.requests().slice(requests);
    expect(sent.filter(({ method }) => method !== "GET")).toEqual([]);
    await new Promise<void>((done) => service.listen(port, "127.0.0.1", done));
    expect(await lost.recover()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^The site is back/u) });
    expect(await lost.recover()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Nothing is lost/u) });
  } finally {
    service.close();
    await lost.stop();
  }
});
