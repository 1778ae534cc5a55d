import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type GuestWay,
  wayByAgent,
  wayByContainer,
  wayOverSsh,
} from "../../../../../scripts/clients/data-program/guest-way";

let folder: string;
const path = process.env["PATH"];
const signal = new AbortController().signal;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-way-"));
  // An `ssh` that runs what it is given here, where `pct` and `qm` are programs of the test.
  program("ssh", 'for last; do :; done\nexec sh -c "$last"');
  program("pct", 'shift 3\nexec "$@"');
  // As `qm guest exec` and `exec-status` print what the agent says: the second look finds it ended.
  program(
    "qm",
    `if [ "$2" = exec ]; then shift 6; "$@" > ${folder}/out 2> ${folder}/err; echo $? > ${folder}/code; echo '{"pid": 7}'; exit; fi
[ -e ${folder}/looked ] || { touch ${folder}/looked; echo '{"exited": 0}'; exit; }
node -e 'const read = (name) => require("fs").readFileSync("${folder}/" + name, "utf8");
console.log(JSON.stringify({ exited: 1, exitcode: Number(read("code")), "out-data": read("out"), "err-data": read("err") }))'`,
  );
});

afterEach(() => {
  process.env["PATH"] = path;
  rmSync(folder, { recursive: true, force: true });
});

function program(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  process.env["PATH"] = `${folder}:${path ?? ""}`;
}

const access = () => ({ user: "root", knownHosts: join(folder, "state/known_hosts") });
const ways: Record<string, () => GuestWay> = {
  ssh: () => wayOverSsh(access(), "192.0.2.101"),
  pct: () => wayByContainer(access(), "192.0.2.11", 101),
  agent: () => wayByAgent(access(), "192.0.2.11", 201),
};

test.each(["ssh", "pct", "agent"])("by %s: what was printed, what was said, and how it ended [I1]", async (kind) => {
  const way = ways[kind]?.();
  const end = await way?.run("echo 'it is' \"up\"; echo bad >&2; exit 3", signal);
  expect(end).toEqual({ code: 3, stdout: "it is up\n", stderr: expect.stringMatching(/^bad\n?$/u) });
});

test.each(["ssh", "pct"])(
  "by %s bytes go in and come out as they are, also 255 as an end of the command's own [I1, I6]",
  async (kind) => {
    const { program: started, end } = (await ways[kind]?.().open?.("cat; exit 255", signal)) ?? fail();
    const bytes = Buffer.from([0, 255, 10, 13, 0, 128]);
    started.input.end(bytes);
    const got: Buffer[] = [];
    for await (const chunk of started.output) got.push(Buffer.from(chunk));
    expect([Buffer.concat(got), await end()]).toEqual([bytes, { code: 255, stderr: "" }]);
  },
);

test("what comes is kept until somebody reads it, also after the program has ended [I6]", async () => {
  const { program: started, end } = (await ways["ssh"]?.().open?.("printf kept", signal)) ?? fail();
  await end();
  const got: Buffer[] = [];
  for await (const chunk of started.output) got.push(Buffer.from(chunk));
  expect(Buffer.concat(got).toString()).toBe("kept");
});

test("the guest agent carries no streams [I1]", () => {
  expect(ways["agent"]?.().open).toBeUndefined();
});

test("a connection that breaks in the middle is no end of the command [K6]", async () => {
  program("ssh", `echo half; echo "client_loop: send disconnect" >&2; exit 255`);
  await expect(ways["ssh"]?.().run("true", signal)).rejects.toThrow(
    "ssh root@192.0.2.101: client_loop: send disconnect",
  );
});

test("an agent that has not kept everything has told nothing [K6]", async () => {
  program(
    "qm",
    `[ "$2" = exec ] && { echo '{"pid": 7}'; exit; }; echo '{"exited": 1, "exitcode": 0, "out-data": "half", "out-truncated": 1}'`,
  );
  await expect(ways["agent"]?.().run("true", signal)).rejects.toThrow("did not keep all");
});

test("a stream that is given up ends its program [K4]", async () => {
  program("ssh", 'for last; do :; done\n[ "$last" = true ] && exit 0\nexec sleep 60');
  const { program: started } = (await ways["ssh"]?.().open?.("true", signal)) ?? fail();
  started.stop();
  expect(await started.ended).toMatchObject({ code: undefined });
});

function fail(): never {
  throw new Error("there is no such way");
}
