/** Senders in the network of a site with real containers: what a guest's firewall lets in, and from where. */
import * as z from "zod";
import { type DemoSite, expectExit } from "./demo-site";

/**
 * Gives the site an address of another network than the guests', from which one can send to them. A guest answers it by
 * its gateway, so it needs the site's (192.0.2.1).
 *
 * Programs that can be told their own address send from it, inside the site:
 *
 *     await addSender(site, "198.51.100.7");
 *     await site.inside("curl", "--interface", "198.51.100.7", "https://192.0.2.132:9000/minio/health/live");
 *     expect(await tryPort(site, { from: "198.51.100.7", to: "192.0.2.132", port: 9000 })).toBe("open");
 *
 * It goes with the site. The nodes' own addresses (192.0.2.11 and so on) are senders without being added.
 */
export async function addSender(site: DemoSite, address: string): Promise<void> {
  expectExit(await site.inside("ip", "address", "replace", `${address}/32`, "dev", "lo"), [0], "the sender's address");
}

export interface Attempt {
  /** An address of the site: one that was added, or a node's. */
  from: string;
  to: string;
  port: number;
}

const connectProgram = `
  const attempts = JSON.parse(process.argv[1]);
  const outcome = ({ from, to, port }) => new Promise((end) => {
    const socket = require("node:net").connect({ localAddress: from, host: to, port });
    socket.on("connect", () => end("open"));
    socket.on("error", (error) => end(error.code === "ECONNREFUSED" ? "refused" : "failed: " + error.message));
    setTimeout(() => end("silent"), 3000);
  });
  Promise.all(attempts.map(outcome)).then((outcomes) => { console.log(JSON.stringify(outcomes)); process.exit(); });
`;

/**
 * What comes of TCP connections that are tried at the same time: `open`, `refused` (an answer, from a guest without a
 * listener or a rule that rejects), or `silent` (no answer within three seconds: a rule that drops).
 */
export async function tryPorts(site: DemoSite, attempts: readonly Attempt[]): Promise<string[]> {
  const result = await site.inside(process.execPath, "-e", connectProgram, JSON.stringify(attempts));
  return z.array(z.string()).parse(JSON.parse(expectExit(result, [0], "connections in the site's network").stdout));
}

/** {@link tryPorts} for one of them. */
export async function tryPort(site: DemoSite, attempt: Attempt): Promise<string> {
  return (await tryPorts(site, [attempt]))[0] ?? "";
}
