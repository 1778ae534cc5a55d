import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFile } from "../../../../components/install/shell";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lifeboat-shell-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

function written(text: string): string {
  execFileSync("sh", ["-eu"], { cwd: folder, input: `${writeFile("./file", text)}\n` });
  return readFileSync(join(folder, "file"), "utf8");
}

test.each(["one line\n", "$(false) `false`\n'\"\\\n", ""])(
  "%j is written as it is, and no part of it is run [C2]",
  (text) => {
    expect(written(text)).toBe(text);
  },
);

test("a text that would end itself in the script is refused: the shell would run what stands behind [C2]", () => {
  const end = /^(\S+)$/mu.exec(writeFile("file", "a b"))?.[1] ?? "";
  expect(() => written(`a\n${end}\ntouch injected\n`)).toThrow(`the text of ./file has the line ${end}`);
});
