import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

const project = resolve(__dirname, "../../..");

test("the pages of docs/reference are what the code says now (npm run reference writes them)", () => {
  const words = ["scripts/run.cjs", "test/reference/main.ts", "--check"];
  const { status, stdout } = spawnSync(process.execPath, words, { cwd: project, encoding: "utf8" });
  expect([status, stdout]).toEqual([0, ""]);
});
