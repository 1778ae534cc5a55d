import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { comparePulumi, previewPulumi } from "../../../../../scripts/clients/pulumi-cli/compare-pulumi";
import { toStackPreview } from "../../../../../scripts/inspect/preview/take-preview";
import { renderComment } from "../../../../../scripts/pull-requests/comment";
import { shellQuote } from "../../../../../scripts/machine/shell-quote";
import { exampleNames } from "../../../../support/example-names";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-pulumi-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program named `pulumi` that notes its arguments and behaves as told. */
function fakePulumi(script: string, resources: readonly object[] = []): Record<string, string> {
  const file = join(folder, "pulumi");
  const exported = `[ "$1 $2" = "stack export" ] && exec cat ${folder}/state.json`;
  writeFileSync(join(folder, "state.json"), JSON.stringify({ version: 3, deployment: { resources } }));
  writeFileSync(file, `#!/bin/sh\n${exported}\nprintf '%s\\n' "$@" > ${folder}/argv\n${script}\n`);
  chmodSync(file, 0o755);
  return { PATH: `${folder}:/usr/bin:/bin`, PULUMI_CONFIG_PASSPHRASE: "not-a-secret-5" };
}

const addresses = { proxmox: "https://192.0.2.11:8006", store: undefined, names: exampleNames };

const run = (variables: Record<string, string>, timeout = 10_000) =>
  comparePulumi({ folder, project: "site", stack: "prod", addresses, variables, timeout });

test("what a state holds for deletion is a difference, of which the comment on a pull request warns [K1, M1]", async () => {
  const type = "proxmoxve:index/containerLegacy:ContainerLegacy";
  const urn = `urn:pulumi:prod::site::lifeboat:guests:Container$${type}::old-container`;
  const leftOver = { urn, type, custom: true, id: "177", delete: true };
  const variables = fakePulumi(`echo '{"steps":[],"changeSummary":{"same":3}}'`, [leftOver]);
  expect(await run(variables)).toMatchObject({
    compared: true,
    differences: [{ resource: "old-container", operation: "delete" }],
  });
  const preview = await previewPulumi({ folder, project: "site", stack: "prod", addresses, variables, refresh: false });
  const comment = renderComment([toStackPreview("prod", preview)], { commit: "abc", runUrl: "https://example.com" });
  expect(comment).toContain("> - **1 delete** in `prod`");
  expect(comment).toContain("-  delete  old-container (ContainerLegacy)");
  expect(comment).toContain(
    "old-container: an earlier update has left one over in the state, and the next one deletes it",
  );
});

describe("comparing with pulumi", () => {
  test("steps that change something are differences, with the properties", async () => {
    const steps = [
      { op: "same", urn: "urn:pulumi:prod::site::pulumi:pulumi:Stack::site-prod" },
      {
        op: "update",
        urn: "urn:pulumi:prod::site::lifeboat:Container$proxmoxve:index:Ct::web",
        detailedDiff: { memory: { kind: "update" } },
      },
      { op: "delete", urn: "urn:pulumi:prod::site::proxmoxve:backup/job:Job::job", detailedDiff: null },
    ];
    const variables = fakePulumi(`cat <<'JSON'\n${JSON.stringify({ steps })}\nJSON`);
    expect(await run(variables)).toEqual({
      compared: true,
      differences: [
        { resource: "web", type: "proxmoxve:index:Ct", operation: "update", properties: ["memory"] },
        { resource: "job", type: "proxmoxve:backup/job:Job", operation: "delete", properties: [] },
      ],
    });
    const argv = readFileSync(join(folder, "argv"), "utf8").trim().split("\n");
    expect(argv).toEqual([
      "preview",
      "--stack",
      "prod",
      "--refresh",
      "--json",
      "--non-interactive",
      "--color",
      "never",
    ]);
  });

  test.each([
    ["echo 'error: no stack named prod' >&2; exit 255", "no stack named prod"],
    ["echo nonsense", "exit code 0"],
    [`echo '{"diagnostics":[{"severity":"error","message":"the node is gone"}]}'; exit 1`, "the node is gone"],
  ])("%s: not compared, and why", async (script, why) => {
    const comparison = await run(fakePulumi(script));
    expect(comparison).toMatchObject({
      compared: false,
      command: 'eval "$(lifeboat env prod)" && pulumi preview --refresh -s prod',
    });
    expect(comparison.compared ? "" : comparison.why).toContain(why);
  });

  test("a state with what the program never makes is handed to no preview [N2]", async () => {
    const urn = "urn:pulumi:prod::site::command:local:Command::evil";
    const evil = { urn, type: "command:local:Command", custom: true, inputs: { delete: "touch hit" } };
    const comparison = await run(fakePulumi("echo '{}'", [evil]));
    expect(comparison).toMatchObject({ compared: false, why: expect.stringContaining(urn) });
    expect(existsSync(join(folder, "argv"))).toBe(false);
    const variables = { ...fakePulumi("echo '{}'", [evil]), LIFEBOAT_ALLOW_STATE_PARTS: urn };
    expect(await run(variables)).toMatchObject({ compared: true });
  });

  test("no pulumi, no passphrase, no answer in time", async () => {
    expect(await run({ PATH: folder, PULUMI_CONFIG_PASSPHRASE: "x" })).toMatchObject({
      why: "the pulumi CLI is not installed here",
    });
    expect(await run({ PATH: folder })).toMatchObject({ why: "no passphrase is set (PULUMI_CONFIG_PASSPHRASE_FILE)" });
    expect(await run(fakePulumi("exec sleep 30"), 200)).toMatchObject({ why: "pulumi preview took too long" });
  });
});

test.each([
  ["plain/path-1.0:x", "plain/path-1.0:x"],
  ["", "''"],
  ["a b", "'a b'"],
  ["it's; $(x) \"", `'it'\\''s; $(x) "'`],
])("%j is the shell word %s", (text, quoted) => expect(shellQuote(text)).toBe(quoted));
