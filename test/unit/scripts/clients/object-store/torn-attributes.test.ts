import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { dropTornAttributes } from "../../../../../scripts/clients/object-store/torn-attributes";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-torn-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

test("what is torn beside an object goes; the object, whole notes and other files stay [K4]", () => {
  const stacks = ".pulumi/stacks/site";
  put(`${stacks}/prod.json`, "");
  put(`${stacks}/prod.json.attrs`, "");
  put(`${stacks}/lab.json.attrs`, '{"user.content_type":"text/pl');
  put(`${stacks}/mail.json.attrs`, '{"user.content_type":"text/plain","md5":"x"}\n');
  put(".pulumi/meta.yaml.attrs", "");
  put("elsewhere.attrs", "");
  dropTornAttributes(folder);
  expect(readdirSync(folder, { recursive: true }).filter((path) => /[.](?:json|attrs)$/u.test(String(path)))).toEqual(
    expect.arrayContaining(["elsewhere.attrs", `${stacks}/mail.json.attrs`, `${stacks}/prod.json`]),
  );
  expect(readdirSync(join(folder, stacks)).sort()).toEqual(["mail.json.attrs", "prod.json"]);
  expect(readdirSync(join(folder, ".pulumi"))).toEqual(["stacks"]);
});

test("a folder that is not there has nothing torn", () => {
  expect(() => dropTornAttributes(join(folder, "none"))).not.toThrow();
});
