import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { programFiles } from "../../../components/data/guest-program/program";
import { settingsFile } from "../../../components/data/guest-program/settings-file";
import { reportAnswerer, reportWriter } from "../../../components/data/report/scripts";
import type { DataSource } from "../../../site/settings/data";
import { environmentOf, exampleContainer, exampleSettings } from "../../support/example-environment";
import { shellcheck } from "../../support/debian-program";

const linter = shellcheck();
const programs = [
  ...programFiles().map(({ name, text }) => [name, text] as const),
  ["report-writer", reportWriter],
  ["report-answerer", reportAnswerer],
] as const;
const folder = mkdtempSync(join(tmpdir(), "lifeboat-"));

afterAll(() => rmSync(folder, { recursive: true }));

/** Sources as the settings make them. */
function sourcesOf(data: Readonly<Record<string, unknown>>): readonly DataSource[] {
  const guests = { web: { ...exampleContainer(), data } };
  return environmentOf({ ...exampleSettings(), guests }).guests.flatMap((guest) => guest.data);
}

/** What `sh` has in a variable when it has read a source's settings. */
function readBy(shell: string, source: DataSource, variable: string): string {
  const script = `. "$1" && printf %s "$${variable}"`;
  const file = join(folder, "settings");
  writeFileSync(file, settingsFile(source));
  return spawnSync(shell, ["-euc", script, "sh", file], { encoding: "utf8" }).stdout;
}

test("names with any character reach the guest's shell as they are, and are run by nothing [I1]", () => {
  const names = [`a"b'c;d $x`, "$(reboot)", "`id`", "two  spaces ", "-n", "ü\\", "a=b"];
  const [shop] = sourcesOf({ shop: { kind: "postgres", databases: names } });
  if (shop === undefined) throw new Error("it has a source");
  expect(readBy("sh", shop, "databases").split("\n")).toEqual(names);
});

test("a run whose second has a dump already takes a later one, and does not fail [I1]", () => {
  for (const { name, text } of programFiles()) writeFileSync(join(folder, name), text);
  const dumps = join(folder, "taken");
  for (const time of ["120000Z", "120001Z"])
    mkdirSync(join(dumps, `2026-11-20/files/shop-${time}`), { recursive: true });
  // Its clock goes on only while it waits.
  const clock = 'now() { cat clock; }; sleep() { echo "$(($(cat clock) + 1))" >clock; }';
  const begin =
    'folder=$2 kind=files source=shop started=$(date -u -d "2026-11-20 12:00:00" +%s); echo "$started" >clock';
  const script = `. "$1/run"; ${clock}; ${begin}; name_dump; echo "$dump $(($started - $(date -u -d 2026-11-20 +%s)))"`;
  const { stdout, stderr } = spawnSync("sh", ["-euc", script, "sh", folder, dumps], { cwd: folder, encoding: "utf8" });
  expect([stdout, stderr]).toEqual(["2026-11-20/files/shop-120002Z 43202\n", ""]);
});

(linter === undefined ? describe.skip : describe)("the program of guests", () => {
  test.each(programs)("%s is what shellcheck takes [I1]", (name, text) => {
    writeFileSync(join(folder, name), text);
    const { stdout, status } = spawnSync(
      linter ?? "",
      ["--shell=sh", "--severity=style", "--format=gcc", join(folder, name)],
      {
        encoding: "utf8",
      },
    );
    expect([stdout, status]).toEqual(["", 0]);
  });

  test("so are settings of a source [I1]", () => {
    const [config] = sourcesOf({ config: { kind: "files", paths: ["/etc/it's"], exclude: ["*.tmp"] } });
    if (config === undefined) throw new Error("it has a source");
    const { stdout } = spawnSync(linter ?? "", ["--shell=sh", "--format=gcc", "-"], {
      input: settingsFile(config),
      encoding: "utf8",
    });
    expect(stdout).toBe("");
  });
});
