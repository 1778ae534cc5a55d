import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  connectTcp,
  GuestShell,
  type GuestShellOptions,
  GuestUnreachable,
  HostKeyRefused,
  ping,
} from "../../../../scripts/clients/guest-shell";
import { howToRecord, pinHostKeys } from "../../../../scripts/clients/host-keys";
import { ProgramMissing } from "../../../../scripts/clients/run-program";
import { fingerprintOf, publicKeysIn } from "../../../../site/host-keys";

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

function shell(more: Partial<GuestShellOptions> = {}): GuestShell {
  return new GuestShell({ user: "root", identity: "/keys/id", knownHosts: known(), ...more });
}

const known = (): string => join(folder, "state/known_hosts");

/**
 * An `ssh` that knows a host by the site's file only, and says what OpenSSH 9.2 says; the host shows this key.
 * Each run adds its kind of checking to `asked`.
 */
function host(key: string, name = "192.0.2.101"): void {
  program(
    "ssh",
    `file=${known()}; touch $file
checking=$(printf '%s\\n' "$@" | sed -n 's/^StrictHostKeyChecking=//p'); echo $checking >> ${folder}/asked
grep -q '^${name} ${key}$' $file && exit 0
if grep -q '^${name} ' $file; then
  echo '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @' >&2
  echo 'The fingerprint for the ED25519 key sent by the remote host is' >&2
  echo '${fingerprintOf(key)}.' >&2
elif [ $checking = accept-new ]; then
  echo '${name} ${key}' >> $file; exit 0
else
  echo 'No ED25519 host key is known for ${name} and you have requested strict checking.' >&2
fi
echo 'Host key verification failed.' >&2; exit 255`,
  );
}

const asked = (): string[] => readFileSync(join(folder, "asked"), "utf8").trim().split("\n");

test("ssh asks nothing, knows only the site's host keys, and shares no old connection", async () => {
  program("ssh", "exit 0");
  await shell().login("192.0.2.101");
  const words = argv();
  expect(words).toEqual(expect.arrayContaining(["BatchMode=yes", "StrictHostKeyChecking=yes", "ControlPath=none"]));
  expect(words).toContain(`UserKnownHostsFile="${join(folder, "state/known_hosts")}"`);
  expect(words.slice(-3)).toEqual(["--", "192.0.2.101", "true"]);
  expect(words[words.indexOf("-i") + 1]).toBe("/keys/id");
  expect(existsSync(join(folder, "state"))).toBe(true);
});

test("a guest gets neither the operator's agent nor a way back, whatever the user's configuration has for every host [N3]", async () => {
  writeFileSync(join(folder, "config"), "Host *\nForwardAgent yes\nForwardX11 yes\nRemoteForward 9999 localhost:22\n");
  const ssh = execFileSync("which", ["ssh"], { encoding: "utf8" }).trim();
  // What the real one makes of both.
  program("ssh", `exec ${ssh} -F ${folder}/config -G "$@"`);
  const effective = (await shell().require("192.0.2.101", "true")).split("\n");
  expect(effective).toEqual(expect.arrayContaining(["forwardagent no", "forwardx11 no", "clearallforwardings yes"]));
  expect(effective).toEqual(expect.arrayContaining(["gssapidelegatecredentials no", "tunnel false"]));
});

/** What a configuration can say so that somebody else vouches for a host, or nobody does. */
const careless = `Host *
StrictHostKeyChecking no
UserKnownHostsFile /dev/null
GlobalKnownHostsFile /etc/ssh/of-the-company
HostKeyAlias everything
VerifyHostKeyDNS yes
NoHostAuthenticationForLocalhost yes
UpdateHostKeys yes
`;

test("the user's configuration has nobody else vouch for a host, and leaves none unasked: not by a login, nor by the printed one [N3]", async () => {
  writeFileSync(join(folder, "config"), careless);
  const ssh = execFileSync("which", ["ssh"], { encoding: "utf8" }).trim();
  const wanted = [
    "globalknownhostsfile /dev/null",
    `userknownhostsfile ${known()}`,
    "verifyhostkeydns false",
    "nohostauthenticationforlocalhost no",
    "updatehostkeys false",
  ];
  program("ssh", `exec ${ssh} -F ${folder}/config -G "$@"`);
  const strict = ["stricthostkeychecking true", ...wanted];
  for (const [port, name] of [
    [22, "192.0.2.11"],
    [2222, "[192.0.2.11]:2222"],
  ] as const) {
    const effective = (await shell({ port }).require("192.0.2.11", "true")).split("\n");
    expect(effective).toEqual(expect.arrayContaining([`hostkeyalias ${name}`, ...strict]));
    const printed = howToRecord(known(), "root", { host: "192.0.2.11", port }, "unknown").replace(/^.*: ssh /u, "ssh ");
    const asked = execFileSync("sh", ["-c", printed], { encoding: "utf8", env: { PATH: process.env["PATH"] } }).split(
      "\n",
    );
    expect(asked).toEqual(expect.arrayContaining([`hostkeyalias ${name}`, "stricthostkeychecking ask", ...wanted]));
  }
});

test("a failure says what ssh said, without control characters", async () => {
  program("ssh", "printf 'Warning: x\\nroot@192.0.2.101: \\033[31mPermission denied (publickey).\\n' >&2; exit 255");
  await expect(shell().login("192.0.2.101")).rejects.toThrow(
    "ssh root@192.0.2.101: root@192.0.2.101: Permission denied (publickey).",
  );
});

const failing = (): Promise<never> => Promise.reject(new GuestUnreachable("ssh root@192.0.2.11: pct: not found"));

describe("whoever answers is known by the site's file [N3]", () => {
  const key = "ssh-ed25519 AAAAC3Nza";
  const another = "ssh-ed25519 AAAAother";

  test("a guest that has just been made is trusted once and recorded; another key is refused from then on, new or not", async () => {
    host(key);
    await shell({ isNew: true }).login("192.0.2.101");
    expect(readFileSync(known(), "utf8")).toBe(`192.0.2.101 ${key}\n`);
    await shell().login("192.0.2.101");
    host(another);
    for (const isNew of [true, false]) {
      const error: unknown = await shell({ isNew })
        .login("192.0.2.101")
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(HostKeyRefused);
      expect(String(error)).toContain(
        `ssh root@192.0.2.101: another host key than before is shown (${fingerprintOf(another)}, and ${fingerprintOf(key)} is known); compare`,
      );
      expect(String(error)).toContain(`ssh-keygen -R 192.0.2.101 -f ${known()} && ssh -p 22`);
    }
    expect(readFileSync(known(), "utf8")).toBe(`192.0.2.101 ${key}\n`);
  });

  test("any other guest that the file does not know is refused, with the command that records it", async () => {
    host(key);
    const error: unknown = await shell()
      .run("192.0.2.101", "true")
      .catch((reason: unknown) => reason);
    expect(String(error)).toMatch(/its host key is not known; compare the fingerprint/u);
    expect(String(error)).toContain(`-o UpdateHostKeys=no -o 'UserKnownHostsFile="${known()}"' root@192.0.2.101 true`);
    expect(asked()).toEqual(["yes"]);
    expect(readFileSync(known(), "utf8")).toBe("");
  });

  test("what an authenticated way says is recorded, and goes before trust on first use", async () => {
    host(key);
    await shell({ hostKeys: () => Promise.resolve([key]) }).login("192.0.2.101");
    expect([readFileSync(known(), "utf8"), asked()]).toEqual([`192.0.2.101 ${key}\n`, ["yes", "yes"]]);
    rmSync(known());
    const said = shell({ isNew: true, hostKeys: () => Promise.resolve([another]) });
    await expect(said.login("192.0.2.101")).rejects.toBeInstanceOf(HostKeyRefused);
  });

  test("what an authenticated way says goes before what was known; where it says the old key, the other is refused", async () => {
    host(key);
    pinHostKeys(known(), { host: "192.0.2.102", port: 22 }, [another]);
    await shell({ isNew: true }).login("192.0.2.101");
    host(another);
    const asked = { hostKeys: () => Promise.resolve([key]) };
    await expect(shell(asked).login("192.0.2.101")).rejects.toThrow(`${fingerprintOf(key)} is known`);
    await expect(shell({ hostKeys: failing }).login("192.0.2.101")).rejects.toThrow(
      "is known) (ssh root@192.0.2.11: pct",
    );
    await shell({ hostKeys: () => Promise.resolve([another]) }).login("192.0.2.101");
    expect(readFileSync(known(), "utf8")).toBe(`192.0.2.102 ${another}\n192.0.2.101 ${another}\n`);
  });

  test("a guest with a name is known by that, and not by an address that another one may have [N3]", async () => {
    host(key, "guest-101");
    await shell({ isNew: true, alias: "guest-101" }).login("192.0.2.101");
    expect(argv()).toEqual(expect.arrayContaining(["HostKeyAlias=guest-101", "CheckHostIP=no"]));
    expect(readFileSync(known(), "utf8")).toBe(`guest-101 ${key}\n`);
    await shell({ alias: "guest-101" }).login("192.0.2.199");
    host(key, "guest-901");
    const copy: unknown = await shell({ alias: "guest-901" })
      .login("192.0.2.101")
      .catch((reason: unknown) => reason);
    expect(String(copy)).toContain("ssh -p 22 -o HostKeyAlias=guest-901 -o StrictHostKeyChecking=ask");
    host(another, "guest-101");
    await expect(shell({ alias: "guest-101" }).login("192.0.2.101")).rejects.toThrow("ssh-keygen -R guest-101 -f");
  });

  test("an authenticated way that fails is named, and leaves only a new guest to be trusted", async () => {
    host(key);
    const error: unknown = await shell({ hostKeys: failing })
      .login("192.0.2.101")
      .catch((reason: unknown) => reason);
    expect(String(error)).toContain("its host key is not known (ssh root@192.0.2.11: pct: not found); compare");
    await shell({ hostKeys: failing, isNew: true }).login("192.0.2.101");
  });

  test("the lines of public keys, and nothing else that is printed, are keys; ports other than 22 are named", () => {
    expect(publicKeysIn(`Welcome\n${key} root@web\nssh-dss\n* ${another}\r\n`)).toEqual([key]);
    pinHostKeys(known(), { host: "192.0.2.11", port: 2222 }, [key, another]);
    expect(readFileSync(known(), "utf8")).toBe(`[192.0.2.11]:2222 ${key}\n[192.0.2.11]:2222 ${another}\n`);
    expect(statSync(known()).mode & 0o777).toBe(0o600);
    rmSync(known());
    symlinkSync(join(folder, "victim"), known());
    expect(() => pinHostKeys(known(), { host: "192.0.2.11", port: 22 }, [key])).toThrow("ELOOP");
  });
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

test("a host that takes the connection and says nothing ends a login by the real ssh, with a message [K2]", async () => {
  const held = new Set<Socket>();
  const silent = createServer((socket) => held.add(socket.on("error", () => undefined)));
  await once(silent.listen(0, "127.0.0.1"), "listening");
  const address = silent.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  try {
    const login = shell({ port, connectTimeout: 1 }).login("127.0.0.1");
    await expect(login).rejects.toThrow(GuestUnreachable);
    await expect(login).rejects.toThrow(/ssh root@127\.0\.0\.1: .*timed out/u);
  } finally {
    for (const socket of held) socket.destroy();
    silent.close();
  }
});

test("a command through which another shell connects is a whole one: the options of a login, its host, its command [G2]", () => {
  program("ssh", "exit 0");
  const line = shell().proxyCommand("192.0.2.11", `say '50%'`);
  expect(line).toContain("50%%");
  execFileSync("sh", ["-c", line.replaceAll("%%", "%")], { env: { PATH: process.env["PATH"] } });
  const words = argv();
  expect(words.slice(0, 3)).toEqual(["-T", "-o", "BatchMode=yes"]);
  expect(words.slice(-5)).toEqual(["-l", "root", "--", "192.0.2.11", "say '50%'"]);
});
