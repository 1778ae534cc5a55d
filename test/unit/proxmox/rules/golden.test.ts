import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { checkGoldenFile, isGoldenFile } from "../../../sandbox/golden";

const folder = resolve(__dirname, "../../../../../shared/pve-api");
const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".ndjson")) : [];
const whereGiven = files.length > 0 ? describe : describe.skip;

whereGiven("cases decided by Proxmox's own code", () => {
  it.each(files.length > 0 ? files : ["(no files)"])("%s", (file) => {
    const result = checkGoldenFile(join(folder, file));
    expect(result.failures).toEqual([]);
    expect(result.passed).toBeGreaterThan(10);
  });
});

describe("checkGoldenFile", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "golden-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(name: string, ...lines: readonly object[]): string {
    const path = join(folder, name);
    writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    return path;
  }

  it("counts what agrees and says what does not, with the line", () => {
    const path = write(
      "calendar-few.ndjson",
      { tz: "UTC", event: "01:00", last: 0, next: 3600 },
      { tz: "UTC", event: "01:00", last: 0, next: 3601 },
      { event: "25:60", valid: false },
      { event: "23:00", valid: false },
    );
    expect(checkGoldenFile(path)).toEqual({
      passed: 2,
      failed: 2,
      failures: [
        "calendar-few.ndjson:2: 01:00 after 0 in UTC: expected 3601, found 3600",
        expect.stringContaining("calendar-few.ndjson:4"),
      ],
    });
  });

  it.each([
    [
      "prune-x.ndjson",
      { tz: "UTC", keep: { "keep-last": 1 }, archives: [{ ctime: 1, protected: false, mark: "remove" }] },
    ],
    [
      "archive-names-x.ndjson",
      { name: "vzdump-lxc-101-2026_11_19-03_00_00.tar.zst", tz: "UTC", info: null, volume: null },
    ],
    [
      "property-strings-x.ndjson",
      { kind: "lxc-mp", input: "local:8,mp=/a", backup: true, parsed: null, printed: null },
    ],
  ])("fails for a wrong case in %s", (name, line) => {
    expect(checkGoldenFile(write(name, line))).toMatchObject({ passed: 0, failed: 1 });
  });

  it("refuses files that hold no cases or are of no known kind", () => {
    expect(() => checkGoldenFile(write("prune-empty.ndjson"))).toThrow("it holds no cases");
    expect(() => checkGoldenFile(write("other.ndjson", {}))).toThrow("its name begins with none of prune");
    expect(() => checkGoldenFile(write("prune-odd.ndjson", { tz: "UTC" }))).toThrow(/archives|keep/);
  });

  it("knows its files by their names", () => {
    expect(isGoldenFile("/a/calendar-golden.ndjson")).toBe(true);
    expect(isGoldenFile("/prune/auth.ndjson")).toBe(false);
  });
});
