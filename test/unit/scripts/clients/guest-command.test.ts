import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInGuest, runOnNode } from "../../../../scripts/clients/guest-command";
import { askHttp } from "../../../../scripts/clients/guest-shell";

let folder: string;
const path = process.env["PATH"];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-command-"));
});

afterEach(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true, force: true });
});

/** An `ssh` that runs what it is given here, where `pct` and `qm` are programs of the test. */
function nodeHere(): void {
  program("ssh", 'for last; do :; done\nexec sh -c "$last"');
  program("pct", 'shift 3\nexec "$@"');
  // As the agent's answer is printed by `qm guest exec`.
  program(
    "qm",
    'shift 4\nout=$("$@"; echo x)\nnode -e \'console.log(JSON.stringify({ exitcode: 0, "out-data": process.argv[1] }))\' "${out%x}"',
  );
}

function program(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  process.env["PATH"] = `${folder}:${path ?? ""}`;
}

const access = () => ({ user: "root", knownHosts: join(folder, "state/known_hosts") });

test.each(["lxc", "qemu"] as const)(
  "a command in a %s guest is run by its node, whatever it holds [D1, G2]",
  async (type) => {
    nodeHere();
    const run = (command: string) => runOnNode(access(), "192.0.2.11", { type, vmid: 9000 }, command);
    expect(await run("echo 'it is' \"up\"; echo bad >&2; exit 3")).toEqual({ code: 3, printed: "it is up\nbad\n" });
    expect(await run("printf open # and a remark")).toEqual({ code: 0, printed: "open" });
    expect(await run("true")).toEqual({ code: 0, printed: "" });
  },
);

test("a node that cannot run it says nothing about the guest [K6]", async () => {
  program("ssh", "echo \"container '9000' not running!\" >&2; exit 255");
  const run = runOnNode(access(), "192.0.2.11", { type: "lxc", vmid: 9000 }, "true");
  await expect(run).rejects.toThrow("pct exec 9000 on 192.0.2.11: container '9000' not running!");
});

test("without a node's shell it is run over SSH to the guest [D1]", async () => {
  nodeHere();
  expect(await runInGuest(access(), "192.0.2.101", "echo 'a b'; exit 4")).toEqual({ code: 4, printed: "a b\n" });
  program("ssh", "echo 'Connection refused' >&2; exit 255");
  await expect(runInGuest(access(), "192.0.2.101", "true")).rejects.toThrow("ssh root@192.0.2.101: Connection refused");
});

test("a request is answered with the status, another one, or not at all [D1, G2]", async () => {
  const server = await listening((url) => (url === "/health" ? 204 : 302));
  const { port, close } = server;
  await askHttp("127.0.0.1", { port, path: "/health", status: 204 });
  // A redirection is an answer of its own.
  await askHttp("127.0.0.1", { port, path: "/", status: 302 });
  await expect(askHttp("127.0.0.1", { port, path: "/", status: 200 })).rejects.toThrow("answered 302, not 200");
  await close();
  await expect(askHttp("127.0.0.1", { port, path: "/", status: 200 })).rejects.toThrow(/: ECONNREFUSED/u);
});

async function listening(statusOf: (url: string | undefined) => number) {
  const server: Server = createServer((request, response) => {
    response.writeHead(statusOf(request.url), { location: "/elsewhere" }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("It has no port.");
  return { port: address.port, close: () => new Promise((resolve) => server.close(resolve)) };
}
