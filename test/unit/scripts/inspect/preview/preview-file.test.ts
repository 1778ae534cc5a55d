import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { failed, previewed, readPreviewFile, writePreview } from "../../../../../scripts/inspect/preview/preview-file";
import { toStackPreview } from "../../../../../scripts/inspect/preview/take-preview";
import type { Difference } from "../../../../../scripts/clients/pulumi-cli/preview";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-previews-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const same = (text: string): string => text;
const example = previewed("prod", {
  changes: [{ operation: "update", resource: "web", type: "a:b:C", properties: ["memory"] }],
  same: 3,
  warnings: ["one"],
});

test("what is written is read again, and secrets are taken out on the way [M1]", () => {
  writePreview(join(folder, "new", "place"), example, same);
  expect(readPreviewFile(join(folder, "new", "place"), "prod")).toEqual(example);
  writePreview(folder, failed("lab", "the key k3y-of-the-site is refused"), (text) =>
    text.replaceAll("k3y-of-the-site", "[secret]"),
  );
  expect(readPreviewFile(folder, "lab")).toMatchObject({ reason: "the key [secret] is refused" });
  expect(readdirSync(folder).sort()).toEqual(["lab.json", "new"]);
});

test.each<[string, () => void, string]>([
  ["missing", () => undefined, "left no result"],
  ["no JSON", () => writeFileSync(join(folder, "prod.json"), "no JSON"), "cannot be read"],
  ["another stack's", () => put({ ...example, stack: "lab" }), "not in the form"],
  ["of another format", () => put({ ...example, format: 2 }), "not in the form"],
  ["with more in it", () => put({ ...example, html: "<b>" }), "not in the form"],
  [
    "with an unknown operation",
    () => put({ ...example, changes: [{ ...example, operation: "format" }] }),
    "not in the form",
  ],
  ["with a negative count", () => put({ ...example, counts: { create: -1 } }), "not in the form"],
  ["a folder", () => mkdirSync(join(folder, "prod.json")), "not a file"],
  ["a link to a file elsewhere", () => symlinkSync("/etc/hostname", join(folder, "prod.json")), "not a file"],
  ["too large", () => (put(example), truncateSync(join(folder, "prod.json"), 5 * 1024 * 1024)), "not a file"],
])("a result that is %s is a failed preview, and no failure of the reader [M1]", (_what, prepare, reason) => {
  prepare();
  const read = readPreviewFile(folder, "prod");
  expect(read).toMatchObject({ stack: "prod", outcome: "failed" });
  expect(read.outcome === "failed" ? read.reason : "").toContain(reason);
});

function put(value: unknown): void {
  writeFileSync(join(folder, "prod.json"), JSON.stringify(value));
}

test("a name that leads out of the folder is not read [M1]", () => {
  expect(() => readPreviewFile(folder, "../prod")).toThrow("must match pattern");
});

test("lists and texts are cut, counts are not [M1]", () => {
  const changes = Array.from({ length: 3_000 }, () => ({
    operation: "create" as const,
    resource: "x".repeat(9_999),
    type: "t",
    properties: [],
  }));
  writePreview(folder, previewed("prod", { changes, same: 0, warnings: [] }), same);
  expect(readFileSync(join(folder, "prod.json"), "utf8").length).toBeLessThan(4 * 1024 * 1024);
  expect(readPreviewFile(folder, "prod")).toMatchObject({ outcome: "previewed", counts: { create: 3_000 } });
});

const step = (operation: string): Difference => ({ resource: "web", type: "t", operation, properties: [] });
const found = (differences: Difference[]) => ({ differences, same: 4, warnings: [], failure: undefined });

describe("from Pulumi's steps", () => {
  test("a replacement counts once, and a step that nobody knows is shown [M1]", () => {
    const steps = [
      "create-replacement",
      "replace",
      "delete-replaced",
      "delete",
      "create",
      "import",
      "update",
      "new-step",
    ];
    expect(toStackPreview("prod", found(steps.map(step)))).toMatchObject({
      counts: { create: 1, import: 1, update: 2, replace: 1, delete: 1, same: 4 },
    });
  });

  test("the preview's own token is no change; the provider's address is one [M1]", () => {
    const provider = { ...step("update"), resource: "proxmox", type: "pulumi:providers:proxmoxve" };
    const seen = (properties: string[]) => toStackPreview("prod", found([{ ...provider, properties }]));
    expect(seen(["apiToken"])).toMatchObject({ counts: { update: 0, same: 5 }, changes: [] });
    expect(seen(["apiToken", "endpoint"])).toMatchObject({ counts: { update: 1, same: 4 } });
    expect(seen([])).toMatchObject({ counts: { update: 1 } });
  });

  test.each([
    ["error: could not write .pulumi/meta.yaml: AccessDenied", "lifeboat up prod"],
    ["error: no stack named 'prod' found", "not deployed yet"],
    ["error: blob (code=PermissionDenied): https response error StatusCode: 403", "does not accept this key"],
    ["error: getting stack configuration: incorrect passphrase", "has to be the passphrase of prod"],
  ])("%s: the reason and what to do [M1]", (failure, hint) => {
    const preview = toStackPreview("prod", { ...found([]), failure });
    expect(preview.outcome === "failed" ? preview.reason : "").toContain(failure);
    expect(preview.outcome === "failed" ? preview.reason : "").toContain(hint);
  });

  test("a store that does not answer is not taken for an empty place of the state [M1, E4]", () => {
    const failure =
      'error: read ".pulumi/meta.yaml": blob (key ".pulumi/meta.yaml") (code=Unknown): operation error S3: GetObject, exceeded maximum number of attempts, 3';
    const preview = toStackPreview("prod", { ...found([]), failure });
    const reason = preview.outcome === "failed" ? preview.reason : "";
    expect(reason).toContain("to go on without it: lifeboat state fallback prod");
    expect(reason).not.toContain("deploy once");
  });
});
