import { spawnSync } from "node:child_process";
import { typeScript } from "../../sandbox/machine/type-script";

test("the measurements start: they are run on request only, and all that they load is there", () => {
  const [program = "", ...words] = typeScript(process.cwd(), "test/bench/main.ts");
  const { status, stderr } = spawnSync(program, [...words, "--slow"], { encoding: "utf8" });
  expect([status, stderr]).toEqual([1, "unknown argument '--slow'; write: npm run bench -- --json\n"]);
});
