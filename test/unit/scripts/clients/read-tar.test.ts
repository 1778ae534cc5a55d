import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filesOfTar } from "../../../../scripts/clients/read-tar";

let folder: string;
const long = `etc/${"x".repeat(70)}/${"y".repeat(70)}/file`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-"));
  mkdirSync(join(folder, long, ".."), { recursive: true });
  writeFileSync(join(folder, "etc/one"), "ö".repeat(700));
  writeFileSync(join(folder, long), "far");
  writeFileSync(join(folder, "etc/empty"), "");
  symlinkSync("/etc/passwd", join(folder, "etc/link"));
});

afterEach(() => rmSync(folder, { recursive: true }));

const packed = (...words: readonly string[]): Buffer =>
  spawnSync("tar", ["--create", "--directory", folder, ...words], { maxBuffer: 1 << 24 }).stdout;

test.each(["gnu", "ustar", "pax"])(
  "plain files of an archive are read, by their paths, whatever made it (%s) [H5]",
  (form) => {
    const names = form === "pax" ? ["./etc/one", "./etc/empty", "./etc/link"] : ["./etc"];
    const files = filesOfTar(packed(`--format=${form}`, ...names), (path) => path.startsWith("etc/"));
    const all = { "etc/one": "ö".repeat(700), "etc/empty": "", ...(form === "pax" ? {} : { [long]: "far" }) };
    expect(Object.fromEntries(files)).toEqual(all);
  },
);

test("one that is cut off, damaged or none is no archive with fewer files [H5, K3]", () => {
  const whole = packed("etc");
  expect(() => filesOfTar(whole.subarray(0, 700), () => true)).toThrow(/its end is missing|ends within a file/u);
  expect(() => filesOfTar(whole.subarray(0, 1024), () => true)).toThrow(/end/u);
  const damaged = Buffer.from(whole);
  damaged[3] = 0x7a;
  expect(() => filesOfTar(damaged, () => true)).toThrow(/damaged/u);
  expect(() => filesOfTar(Buffer.from("x".repeat(2_000)), () => true)).toThrow(/no tar archive/u);
  expect(() => filesOfTar(Buffer.alloc(0), () => true)).toThrow(/end is missing/u);
});
