import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backendOf, comparePulumi } from "../../../../scripts/clients/pulumi";
import { shellQuote } from "../../../../scripts/clients/shell-quote";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-pulumi-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the backend", () => {
  const project = { name: "site", backendUrl: undefined };

  test("in the order of pulumi itself, then a folder of this machine", () => {
    const home = join(folder, "home");
    mkdirSync(join(home, ".pulumi"), { recursive: true });
    expect(backendOf(project, { HOME: home })).toEqual({
      url: `file://${home}/.local/share/lifeboat/site/pulumi`,
      origin: "default",
      folder: `${home}/.local/share/lifeboat/site/pulumi`,
    });
    writeFileSync(join(home, ".pulumi/credentials.json"), JSON.stringify({ current: "s3://bucket", accounts: {} }));
    expect(backendOf(project, { HOME: home })).toMatchObject({ url: "s3://bucket", origin: "last login" });
    const own = { name: "site", backendUrl: "file://./state" };
    expect(backendOf(own, { HOME: home })).toMatchObject({ url: "file://./state", origin: "Pulumi.yaml" });
    const variables = { HOME: home, PULUMI_BACKEND_URL: "file:///elsewhere" };
    expect(backendOf(own, variables)).toMatchObject({ url: "file:///elsewhere", origin: "PULUMI_BACKEND_URL" });
  });
});

/** A program named `pulumi` that notes its arguments and behaves as told. */
function fakePulumi(script: string): Record<string, string> {
  const file = join(folder, "pulumi");
  writeFileSync(file, `#!/bin/sh\nprintf '%s\\n' "$@" > ${folder}/argv\n${script}\n`);
  chmodSync(file, 0o755);
  return { PATH: `${folder}:/usr/bin:/bin`, PULUMI_CONFIG_PASSPHRASE: "not-a-secret-5" };
}

const run = (variables: Record<string, string>, timeout = 10_000) =>
  comparePulumi({ folder, stack: "prod", variables, timeout });

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
    expect(argv).toEqual(["preview", "--stack", "prod", "--refresh", "--json", "--non-interactive"]);
  });

  test.each([
    ["echo 'error: no stack named prod' >&2; exit 255", "no stack named prod"],
    ["echo nonsense", "exit code 0"],
    [`echo '{"diagnostics":[{"severity":"error","message":"the node is gone"}]}'; exit 1`, "the node is gone"],
  ])("%s: not compared, and why", async (script, why) => {
    const comparison = await run(fakePulumi(script));
    expect(comparison).toMatchObject({ compared: false, command: "pulumi preview --stack prod --refresh" });
    expect(comparison.compared ? "" : comparison.why).toContain(why);
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
