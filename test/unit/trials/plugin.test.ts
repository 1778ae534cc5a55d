import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Plugin } from "../../trials/plugin";

const project = path.join(__dirname, "../../..");
let folder: string;

beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "lifeboat-trial-"))));

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function attempt(fault: string): Promise<void> {
  const program = path.join(folder, "plugin");
  const words = ["scripts/run.cjs", "test/unit/trials/small-plugin.ts", fault];
  writeFileSync(program, `#!/bin/sh\ncd '${project}' && exec '${process.execPath}' ${words.join(" ")} "$@"\n`, {
    mode: 0o755,
  });
  const wanted = { type: "small:storage:Directory", name: "storage", inputs: { path: "/mnt" } };
  return Plugin.use(program, "small", { endpoint: "none" }, {}, (plugin) => plugin.makeAndDelete(wanted));
}

test("a plugin that makes, refreshes and deletes has passed [N7]", async () => {
  await expect(attempt("works")).resolves.toBeUndefined();
});

test.each([
  ["panics", "small:storage:Directory: make: panic: interface conversion: interface {} is nil, not int"],
  ["refuses", "small:storage:Directory: make: it is not made"],
  ["forgets", "small:storage:Directory: refresh: made was made, and nothing is there"],
  ["keeps", "small:storage:Directory: delete: it stays"],
  ["never-starts", "it ended with 3 at its start"],
])("one that %s has not, and says why [N7]", async (fault, reason) => {
  await expect(attempt(fault)).rejects.toThrow(reason);
});
