import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { layoutOf } from "../../sandbox/setup/layout";
import { siteNames, serverMark } from "../../sandbox/machine/names";
import { processesMarked } from "../../sandbox/machine/processes";

/** `npm run sandbox` with the memory driver, as a person types it. */

const project = resolve(__dirname, "../../..");
/** No default port: a sandbox of the developer's own may be up. */
const port = 20_000 + (process.pid % 20_000);

const folder = mkdtempSync(join(tmpdir(), "lifeboat-sandbox-"));
const layout = layoutOf(join(folder, "site"));

function sandbox(...words: string[]): { code: number | null; stdout: string; stderr: string } {
  const command = [join(project, "scripts/run.cjs"), "test/sandbox/sandbox.ts", ...words];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd: project,
    env: { ...process.env, LIFEBOAT_SANDBOX_DIR: layout.folder },
    encoding: "utf8",
  });
  return { code: status, stdout, stderr };
}

const up = (): ReturnType<typeof sandbox> => sandbox("up", "--driver", "memory", "--port", String(port), "--json");

afterAll(() => {
  sandbox("down");
  rmSync(folder, { recursive: true, force: true });
});

test("nothing is up: `down` is content, everything else says how to begin", () => {
  expect(sandbox("down")).toMatchObject({ code: 0, stderr: "There is no sandbox: nothing to do.\n" });
  expect(sandbox("env")).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("npm run sandbox -- up"),
  });
  expect(sandbox("nonsense").code).toBe(2);
});

test("a port that is taken names the process that has it, and leaves nothing half-made", async () => {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(port, "127.0.0.12", listening));
  const refused = up();
  await new Promise((closed) => server.close(closed));
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`127.0.0.12:${port} is in use by process ${process.pid} `);
  expect(existsSync(layout.folder)).toBe(false);
});

test("`up` twice is `up`; a killed server goes on from its state; `down` leaves nothing", () => {
  expect(JSON.parse(up().stdout)).toMatchObject({ driver: "memory", started: true });
  expect(JSON.parse(up().stdout)).toMatchObject({ started: false });
  const { id } = siteNames(layout.server);
  expect(sandbox("up", "--driver", "real").code).not.toBe(0);
  expect(sandbox("fault", "token-expires", "on").code).toBe(0);
  const { pid } = JSON.parse(sandbox("status", "--json").stdout);
  process.kill(pid, "SIGKILL");
  expect(sandbox("status").code).toBe(3);
  expect(JSON.parse(up().stdout)).toMatchObject({ started: true });
  expect(JSON.parse(sandbox("status", "--json").stdout).faults).toEqual([{ name: "token-expires", settings: {} }]);
  expect(sandbox("down").code).toBe(0);
  expect(processesMarked(serverMark, id)).toEqual([]);
  expect(existsSync(layout.folder)).toBe(false);
});

test("`exec` runs in the project's copy with its environment, and passes the exit code on", () => {
  up();
  const script = 'echo "$PWD $LIFEBOAT_PROJECT"; test -s "$LIFEBOAT_PROXMOX_TOKEN_FILE" && exit 7';
  expect(sandbox("exec", "sh", "-c", script)).toMatchObject({
    code: 7,
    stdout: `${layout.project} ${layout.project}\n`,
  });
  expect(sandbox("exec", "no-such-command").code).toBe(127);
});

test("faults go on and off, and one that does not exist names those that do", () => {
  up();
  expect(sandbox("fault", "storage-full", "on", "storage=local").code).toBe(0);
  expect(sandbox("fault").stdout).toContain("On:\n  storage-full storage=local\n");
  expect(sandbox("fault", "storage-full", "off").code).toBe(0);
  expect(sandbox("fault").stdout).toContain("On:\n  none\n");
  expect(sandbox("fault", "nope", "on")).toMatchObject({ code: 2, stderr: expect.stringContaining("storage-full") });
});
