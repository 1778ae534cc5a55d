import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { failureOf } from "../../../../../scripts/clients/failure";
import { runLong } from "../../../../../scripts/clients/pulumi-cli/long-run";
import { Interrupted } from "../../../../../scripts/terminal/command-error";

let folder: string;

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "lifeboat-long-run-"))));

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs this script as `pulumi`. */
function start(script: string, signal: AbortSignal, onStart: (pid: number) => void) {
  const program = join(folder, "pulumi");
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o755);
  const variables = { PATH: `${folder}:/usr/bin:/bin` };
  return runLong(["up"], { folder, variables, log: join(folder, "log"), signal, onStart });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10);
}

test("who leaves with a second Ctrl-C is told that pulumi goes on, and how it is ended; not when it has ended [N7]", async () => {
  const stop = new AbortController();
  const interrupted = new Interrupted();
  let pid = 0;
  const running = start(
    `trap "touch ${folder}/told" INT; touch ${folder}/begun; until [ -e ${folder}/end ]; do sleep 0.05; done`,
    stop.signal,
    (id) => (pid = id),
  );
  await until(() => existsSync(join(folder, "begun")));
  stop.abort(interrupted);
  await until(() => existsSync(join(folder, "told")));
  expect(failureOf(interrupted, "update")).toMatchObject({
    exitCode: 130,
    hint: `pulumi (process ${String(pid)}) ends what it is at, and then by itself; where that never comes: kill ${String(pid)}`,
  });
  writeFileSync(join(folder, "end"), "");
  await running;
  expect(failureOf(interrupted, "update").hint).toBeUndefined();
});
