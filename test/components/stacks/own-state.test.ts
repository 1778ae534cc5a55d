import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { foreignVariable } from "../../../site/state/foreign-parts";
import { requireOwnState } from "../../../stacks/own-state";
import { runProgram } from "../../support/pulumi-mocks";
import { ownNames } from "../../../site/state/own-names";
import { environmentOf } from "../../support/example-environment";
import { storeSettings } from "../../support/example-store";

const folder = mkdtempSync(join(tmpdir(), "lifeboat-own-state-"));
const { PATH = "" } = process.env;
const urn = "urn:pulumi:prod::lifeboat::command:local:Command::evil";
const evil = { urn, type: "command:local:Command", custom: true, inputs: { delete: "touch hit" } };
const store = ownNames(environmentOf(storeSettings()));
const addresses = { proxmox: "https://192.0.2.11:8006", store: undefined, names: store };
let warnings: string[];

beforeEach(() => {
  warnings = [];
  jest.spyOn(pulumi.log, "warn").mockImplementation(async (message) => void warnings.push(message));
});

afterEach(() => {
  process.env["PATH"] = PATH;
  delete process.env[foreignVariable];
  delete process.env["LIFEBOAT_STATE_STORE"];
  jest.restoreAllMocks();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What stands where the program finds `pulumi`. */
function pulumiThat(script: string): void {
  writeFileSync(join(folder, "pulumi"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "pulumi"), 0o755);
  process.env["PATH"] = `${folder}:/usr/bin:/bin`;
}

function exporting(resources: readonly object[]): void {
  writeFileSync(join(folder, "state.json"), JSON.stringify({ version: 3, deployment: { resources } }));
  pulumiThat(`[ "$1 $2 $3 $4" = "stack export --stack prod" ] && cat ${folder}/state.json`);
}

async function run(preview: boolean): Promise<string> {
  try {
    await runProgram({}, () => requireOwnState(folder, addresses), { preview });
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test.each([true, false])(
  "what waits to be deleted ends the program before it registers anything (preview: %s) [N2]",
  async (preview) => {
    exporting([{ ...evil, delete: true }]);
    expect(await run(preview)).toMatch(
      /^Unable to deploy prod: its state holds a part that the program never makes: urn:.*Command::evil: .*\nHINT: .*lifeboat restore state prod --list/u,
    );
    process.env[foreignVariable] = urn;
    expect(await run(preview)).toBe("");
    exporting([]);
    expect(await run(preview)).toBe("");
    expect(warnings).toEqual([]);
  },
);

test.each([
  ["it fails", "echo 'error: the bucket is gone' >&2; exit 1", "error: the bucket is gone"],
  ["it says something else", "echo '[]'", "Invalid input"],
])("nobody knows what the state holds, because %s: an update is refused [N2]", async (_, script, why) => {
  pulumiThat(script);
  expect(await run(false)).toMatch(/^Unable to deploy prod: whether the state of prod holds/u);
  expect(await run(false)).toContain(why);
  expect(await run(true)).toBe("");
  expect(warnings).toEqual([expect.stringContaining(why)]);
});

test("without pulumi an update is refused as well [N2]", async () => {
  process.env["PATH"] = "/nowhere";
  expect(await run(false)).toContain("ENOENT");
});

test("a run without the store's content is refused where the store would lose it [N2]", async () => {
  const type = "minio:index/iamUser:IamUser";
  const kept = {
    urn: `urn:pulumi:prod::lifeboat::lifeboat:stateStore:StoreIdentity$${type}::state-prod-user`,
    type,
    custom: true,
    id: "lifeboat-prod",
    retainOnDelete: true,
  };
  process.env["LIFEBOAT_STATE_STORE"] = "apart";
  exporting([kept]);
  expect(await run(false)).toBe("");
  exporting([{ ...kept, retainOnDelete: false }]);
  expect(await run(false)).toMatch(/with LIFEBOAT_STATE_STORE=apart: .*state-prod-user: the store would lose it/u);
  process.env[foreignVariable] = kept.urn;
  expect(await run(false)).toBe("");
  delete process.env["LIFEBOAT_STATE_STORE"];
  delete process.env[foreignVariable];
  expect(await run(false)).toBe("");
});
