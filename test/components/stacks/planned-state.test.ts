import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { questionVariable } from "../../../scripts/clients/pulumi-cli/state-question";
import { requirePlannedState } from "../../../stacks/planned-state";
import { runProgram } from "../../support/pulumi-mocks";

const folder = mkdtempSync(join(tmpdir(), "lifeboat-planned-state-"));

afterAll(() => {
  delete process.env[questionVariable];
  rmSync(folder, { recursive: true, force: true });
});

async function run(answer: string, preview: boolean): Promise<string> {
  writeFileSync(join(folder, "answered"), answer);
  process.env[questionVariable] = `${String(process.pid)}:${folder}`;
  try {
    await runProgram({}, requirePlannedState, { preview });
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test("an update that began with another state than the planned one ends before it registers anything [K4, N2]", async () => {
  expect(await run("somebody has written its state", false)).toBe(
    "Unable to deploy prod: somebody has written its state\nHINT: look at the new plan: lifeboat up prod --dry-run",
  );
  expect(await run("", false)).toBe("");
  expect(await run("somebody has written its state", true)).toBe("");
});
