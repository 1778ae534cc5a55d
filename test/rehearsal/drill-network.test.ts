import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { NAMESPACES } from "../sandbox/machine/names";
import { networkScript } from "../../scripts/recovery/drill/probe";

/**
 * A node's network: a bridge that leads nowhere with a guest on it, and a second bridge with another guest of the same address,
 * as the original has that is in use meanwhile.
 */
const node = `lbdrill${String(process.pid)}`;
const copy = `${node}c`;
const original = `${node}o`;
const address = "192.0.2.102";

let servers: ChildProcess[] = [];

const ip = (...words: string[]): string => execFileSync("ip", words, { encoding: "utf8" });

const answer = (code: number): string =>
  `require("http").createServer((q, a) => { a.writeHead(${String(code)}); a.end(); }).listen(8080, "${address}")`;

async function until(isSo: () => boolean): Promise<void> {
  for (let look = 0; look < 100 && !isSo(); look += 1) await sleep(200);
  expect(isSo()).toBe(true);
}

function ask(bridge: string, command: string): { readonly code: number; readonly said: string } {
  try {
    const script = networkScript(bridge, "192.0.2.1/24", command);
    const argv = [`--net=/run/netns/${node}`, "sh", "-c", script];
    return { code: 0, said: execFileSync("nsenter", argv, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }) };
  } catch (error) {
    const status = error instanceof Error && "status" in error ? Number(error.status) : -1;
    return { code: status, said: "" };
  }
}

const connect = (port: number): string => `timeout 5 bash -c 'exec 3<>/dev/tcp/${address}/${String(port)}'`;
const status = `timeout 5 bash -c 'exec 3<>/dev/tcp/${address}/8080 && printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3 && IFS= read -r line <&3 && echo "$line"'`;

const cards = (): string[] =>
  ip("-n", node, "-br", "link")
    .split("\n")
    .flatMap((line) => /^lifeboat\S+/u.exec(line)?.[0] ?? []);

/** The kernel tells routers and neighbours of IPv6 what it likes, when it likes: frames of nobody's doing. */
function withoutIpv6(name: string): void {
  const off = "for of in all default; do echo 1 > /proc/sys/net/ipv6/conf/$of/disable_ipv6; done";
  execFileSync("nsenter", [`--net=/run/netns/${name}`, "sh", "-c", off]);
}

/** Frames that a bridge has sent and received. */
const framesOn = (bridge: string): string => ip("-n", node, "-s", "-j", "link", "show", `to-${bridge}`);

(process.getuid?.() === 0 ? describe : describe.skip)("the network of an attempt of a drill", () => {
  beforeAll(async () => {
    for (const name of [node, copy, original]) {
      ip("netns", "add", name);
      withoutIpv6(name);
    }
    for (const [guest, bridge] of [
      [copy, "vmbr9"],
      [original, "vmbr0"],
    ] as const) {
      ip("-n", node, "link", "add", bridge, "type", "bridge");
      ip("-n", node, "link", "set", bridge, "up");
      ip("-n", node, "link", "add", `to-${bridge}`, "type", "veth", "peer", "name", "eth0", "netns", guest);
      ip("-n", node, "link", "set", `to-${bridge}`, "master", bridge, "up");
      ip("-n", guest, "address", "add", `${address}/24`, "dev", "eth0");
      ip("-n", guest, "link", "set", "eth0", "up");
    }
    ip("-n", node, "address", "add", "192.0.2.11/24", "dev", "vmbr0");
    servers = [
      spawn("nsenter", [`--net=/run/netns/${copy}`, process.execPath, "-e", answer(204)], { stdio: "ignore" }),
      spawn("nsenter", [`--net=/run/netns/${original}`, process.execPath, "-e", answer(200)], { stdio: "ignore" }),
    ];
    await until(() => ask("vmbr9", connect(8080)).code === 0);
  });

  afterAll(async () => {
    for (const server of servers) server.kill("SIGKILL");
    await sleep(200);
    for (const name of [copy, original, node]) ip("netns", "delete", name);
    // `ip netns add` mounts the folder of all namespaces on itself, and never takes that back.
    if (readdirSync(NAMESPACES).length === 0) execFileSync("umount", [NAMESPACES]);
  });

  test("an attempt asks the copy, and not the original with the same address, whose network sees no frame of it [G2]", async () => {
    expect(ask("vmbr9", status).said).toMatch(/^HTTP\/1\.\d 204/u);
    // The check of this test: through the other bridge the original answers, and its frames are counted.
    const before = framesOn("vmbr0");
    expect(ask("vmbr0", status).said).toMatch(/^HTTP\/1\.\d 200/u);
    expect(framesOn("vmbr0")).not.toBe(before);
    // What it has answered it would ask for once more by itself, seconds later.
    ip("-n", original, "neighbour", "flush", "all");
    await sleep(1_000);
    const quiet = framesOn("vmbr0");
    expect(ask("vmbr9", status).said).toMatch(/^HTTP\/1\.\d 204/u);
    expect(ask("vmbr9", `ping -n -c 1 -W 2 ${address} >/dev/null`).code).toBe(0);
    expect(framesOn("vmbr0")).toBe(quiet);
  });

  test("a port without a service, and an address that nobody has, fail [G2]", () => {
    expect(ask("vmbr9", connect(8081)).code).not.toBe(0);
    expect(ask("vmbr9", "ping -n -c 1 -W 1 192.0.2.77 >/dev/null").code).not.toBe(0);
    expect(ask("vmbr7", connect(8080)).code).not.toBe(0);
  });

  test("the network of an attempt goes with it, also when it is ended in the middle [G2, K4]", async () => {
    await until(() => cards().length === 0);
    const script = networkScript("vmbr9", "192.0.2.1/24", "sleep 30");
    const attempt = spawn("nsenter", [`--net=/run/netns/${node}`, "sh", "-c", script], {
      stdio: "ignore",
      detached: true,
    });
    await until(() => cards().length === 1);
    process.kill(-Number(attempt.pid), "SIGTERM");
    await until(() => cards().length === 0);
  });
});
