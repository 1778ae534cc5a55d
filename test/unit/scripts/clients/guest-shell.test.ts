import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectTcp, GuestShell, GuestUnreachable, ping } from "../../../../scripts/clients/guest-shell";
import { ProgramMissing } from "../../../../scripts/clients/run-program";

let folder: string;
let path: string | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-ssh-"));
  path = process.env["PATH"];
});

afterEach(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true, force: true });
});

/** A program on PATH that notes its arguments and behaves as told. */
function program(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\nprintf '%s\\n' "$@" > ${folder}/argv\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  process.env["PATH"] = `${folder}:${path ?? ""}`;
}

const argv = (): string[] => readFileSync(join(folder, "argv"), "utf8").trim().split("\n");

function shell(): GuestShell {
  return new GuestShell({ user: "root", identity: "/keys/id", knownHosts: join(folder, "state/known_hosts") });
}

test("ssh asks nothing, knows only the site's host keys, and shares no old connection", async () => {
  program("ssh", "exit 0");
  await shell().login("192.0.2.101");
  const words = argv();
  expect(words).toEqual(
    expect.arrayContaining(["BatchMode=yes", "StrictHostKeyChecking=accept-new", "ControlPath=none"]),
  );
  expect(words).toContain(`UserKnownHostsFile="${join(folder, "state/known_hosts")}"`);
  expect(words.slice(-3)).toEqual(["--", "192.0.2.101", "true"]);
  expect(words[words.indexOf("-i") + 1]).toBe("/keys/id");
  expect(existsSync(join(folder, "state"))).toBe(true);
});

test("a failure says what ssh said, without control characters", async () => {
  program("ssh", "printf 'Warning: x\\nroot@192.0.2.101: \\033[31mPermission denied (publickey).\\n' >&2; exit 255");
  await expect(shell().login("192.0.2.101")).rejects.toThrow(
    "ssh root@192.0.2.101: root@192.0.2.101: Permission denied (publickey).",
  );
});

test("a changed host key comes with the way to forget the old one", async () => {
  program("ssh", "echo 'Host key verification failed.' >&2; exit 255");
  await expect(shell().login("192.0.2.101")).rejects.toThrow(`ssh-keygen -R 192.0.2.101 -f ${folder}`);
});

test("output of a command, and its failure", async () => {
  program("ssh", "echo hello");
  await expect(shell().require("192.0.2.101", "hostname")).resolves.toBe("hello\n");
  program("ssh", "exit 3");
  await expect(shell().require("192.0.2.101", "false")).rejects.toThrow("exit code 3");
});

test("ping that gets no answer", async () => {
  program("ping", "exit 1");
  await expect(ping("192.0.2.101")).rejects.toThrow("ping 192.0.2.101: no answer");
  expect(argv().slice(-2)).toEqual(["--", "192.0.2.101"]);
});

test("a program that is not there is told as such", async () => {
  process.env["PATH"] = folder;
  await expect(ping("192.0.2.101")).rejects.toBeInstanceOf(ProgramMissing);
});

test("an abort ends the program", async () => {
  program("ping", "exec sleep 30");
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error("enough")), 100);
  await expect(ping("192.0.2.101", abort.signal)).rejects.toThrow("enough");
});

test("a port that listens, and one that does not", async () => {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  await connectTcp("127.0.0.1", port);
  await new Promise((resolve) => server.close(resolve));
  const error: unknown = await connectTcp("127.0.0.1", port).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(GuestUnreachable);
  expect(String(error)).toContain("ECONNREFUSED");
});
