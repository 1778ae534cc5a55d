import { readFileSync } from "node:fs";
import { join } from "node:path";
import { behaviourOf } from "../support/pulumi/behaviour";
import { toolchainProgram } from "./support/toolchain";

// What stands in the place of `pulumi` in other tests is held to this record of the real one.
test("the real pulumi still does with states what was recorded of it [B3, E2]", () => {
  const recorded: unknown = JSON.parse(readFileSync(join(__dirname, "../support/pulumi/recorded.json"), "utf8"));
  expect(behaviourOf(toolchainProgram("pulumi"))).toEqual(recorded);
});
