import { readFileSync } from "node:fs";
import { join } from "node:path";
import { behaviourOf } from "../../support/pulumi/behaviour";

test("what stands in the place of pulumi does with states what the real one does [B3, E2]", () => {
  const recorded: unknown = JSON.parse(readFileSync(join(__dirname, "../../support/pulumi/recorded.json"), "utf8"));
  expect(behaviourOf(join(__dirname, "pulumi.cjs"))).toEqual(recorded);
});
