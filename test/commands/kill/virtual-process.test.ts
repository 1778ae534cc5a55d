import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killed } from "../support/kit";

/** What stands in for SIGKILL in the tests of this folder: a killed run changes nothing any more, whatever of it goes on. */

let folder: string;
let server: Server;
let requests: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-killed-"));
  requests = 0;
  server = createServer((_request, response) => {
    requests += 1;
    response.end("{}");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  rmSync(folder, { recursive: true, force: true });
});

function url(): string {
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? String(address?.port) : ""}/`;
}

test("killed at a write: nothing behind it is done, neither in catch nor in finally", async () => {
  const journal = join(folder, "journal.json");
  const { pid, attempts } = await killed(folder, { journal, url: url() });
  expect(attempts).toEqual({
    "a file is written": "threw",
    "a file is removed": "threw",
    "a file is read": "threw",
    "a promise writes a file": "waits",
    "an open file is written": "waits",
    "a program is started": "threw",
    "a request is sent": "waits",
    "a pause ends": "waits",
  });
  expect(readdirSync(folder).sort()).toEqual(["journal.json", "journal.json.tmp", "open"]);
  expect([readFileSync(journal, "utf8"), readFileSync(join(folder, "open"), "utf8"), requests]).toEqual(["{}", "", 0]);
  expect(existsSync(`/proc/${String(pid)}`)).toBe(false);
});

test("outside of a run everything works as ever", async () => {
  writeFileSync(join(folder, "file"), "text");
  expect(execFileSync("cat", [join(folder, "file")]).toString()).toBe("text");
  expect(await (await fetch(url())).text()).toBe("{}");
  expect(process.pid).toBeLessThan(2 ** 22);
});
