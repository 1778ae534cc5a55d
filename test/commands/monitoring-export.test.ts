import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { alertNames } from "../../site/monitoring/rules/rule-file";
import { runLifeboat, type RunResult } from "./support/run-bundle";

let parent: string;
let folder: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "lifeboat-export-"));
  folder = join(parent, "monitoring");
});

afterEach(() => rmSync(parent, { recursive: true }));

/** On a machine without a project, without a token and without Pulumi. */
function exportTo(...words: string[]): Promise<RunResult> {
  return runLifeboat(["monitoring", "export", "monitoring", ...words], {
    cwd: parent,
    env: { HOME: parent, PATH: "" },
  });
}

const read = (name: string): string => readFileSync(join(folder, name), "utf8");

test("monitoring export writes rules, dashboards, the scrape job and a unit, without a project or a node [C3, C4]", async () => {
  const result = await exportTo(
    "--json",
    "--listen",
    "192.0.2.133:9941",
    "--runbooks",
    "https://docs.example.com/lifeboat",
  );
  expect([result.code, result.stderr]).toEqual([0, expect.stringContaining("README.md says where each belongs")]);
  expect(JSON.parse(result.stdout)).toEqual({
    message_type: "result",
    folder,
    written: [
      "README.md",
      "lifeboat-exporter.service",
      "prometheus/scrape.yml",
      "prometheus/lifeboat.rules.yml",
      "grafana/backup-overview.json",
      "grafana/backup-guest.json",
      "grafana/state-store.json",
    ],
    unchanged: [],
    removed: [],
    left: [],
  });
  expect(parse(read("prometheus/scrape.yml"))).toEqual({
    scrape_configs: [{ job_name: "lifeboat", static_configs: [{ targets: ["192.0.2.133:9941"] }] }],
  });
  const rules = read("prometheus/lifeboat.rules.yml");
  for (const name of alertNames()) {
    expect(rules).toContain(`runbook_url: https://docs.example.com/lifeboat/docs/runbooks/alerts/${name}.md\n`);
  }
  expect(read("lifeboat-exporter.service")).toContain(
    " exporter --credentials /etc/lifeboat/credentials --listen 192.0.2.133:9941 --interval 5m\n",
  );
});

test("it replaces what it wrote itself, and takes away what is none of it any more [C5]", async () => {
  await exportTo();
  const again = await exportTo();
  expect(again.stdout).not.toContain("written");
  const without = await exportTo("--without-rules");
  expect(without.code).toBe(0);
  expect(without.stdout).toContain(`removed    ${join(folder, "prometheus/lifeboat.rules.yml")}\n`);
  expect(without.stdout).toContain(`written    ${join(folder, "README.md")}\n`);
  expect(existsSync(join(folder, "prometheus/lifeboat.rules.yml"))).toBe(false);
});

test("a file that somebody else wrote, or has changed, is in the way: nothing is written without --force [C3]", async () => {
  await exportTo();
  appendFileSync(join(folder, "prometheus/lifeboat.rules.yml"), "# ours\n");
  const refused = await exportTo("--runbooks", "https://docs.example.com/");
  expect([refused.code, refused.stdout, refused.stderr]).toEqual([
    13,
    "",
    `Unable to write the monitoring's files into monitoring: no export wrote these, or somebody has changed them since: ${join(folder, "prometheus/lifeboat.rules.yml")}\nHINT: --force replaces them; or name another folder\n`,
  ]);
  const without = await exportTo("--without-rules");
  expect([without.code, without.stderr]).toEqual([0, expect.stringContaining("was changed since: it stays")]);
  expect(read("prometheus/lifeboat.rules.yml")).toContain("# ours\n");
  expect((await exportTo("--force")).code).toBe(0);
  expect(read("prometheus/lifeboat.rules.yml")).not.toContain("# ours\n");
});

test("a list that leads out of the folder, or is not whole, makes no file an export's own [K1]", async () => {
  await exportTo();
  const other = join(parent, "other");
  writeFileSync(other, "");
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  for (const list of [JSON.stringify({ files: { "../other": empty } }), "{"]) {
    writeFileSync(join(folder, ".lifeboat-export.json"), list);
    expect((await exportTo("--without-rules")).code).toBe(13);
  }
  expect(existsSync(other)).toBe(true);
  expect(readdirSync(folder)).toContain("prometheus");
});

test.each([
  [["--listen", "9941"], "--listen: '9941' is no address with a port, such as 127.0.0.1:9941"],
  [["--interval", "soon"], "--interval: 'soon' is no time from 1s to 1d, such as 5m"],
  // The exporter refuses it: a unit with it would never start.
  [["--interval", "2d"], "--interval: '2d' is no time from 1s to 1d, such as 5m"],
  [["--runbooks", "docs"], "--runbooks: an address such as https://docs.example.com/ is expected"],
])("%j is refused [K1]", async (words, message) => {
  const result = await exportTo(...words);
  expect([result.code, result.stderr]).toEqual([2, expect.stringContaining(message)]);
  expect(existsSync(folder)).toBe(false);
});

test("a folder that is a file is told [K1]", async () => {
  writeFileSync(folder, "");
  const result = await exportTo();
  expect([result.code, result.stderr]).toEqual([
    2,
    `Unable to write the monitoring's files into monitoring: ${folder} is no folder\n`,
  ]);
});

test("a file that the system does not let it write is told, with what helps [K1]", async () => {
  // So long that there is no room for the name under which a file is written first.
  const parts = `${"d".repeat(99)}/`.repeat(41);
  const long = parts.slice(0, 4_055 - parent.length - 1).replace(/\/$/u, "d");
  const result = await runLifeboat(["monitoring", "export", long], { cwd: parent, env: { HOME: parent, PATH: "" } });
  expect([result.code, result.stderr]).toEqual([
    1,
    expect.stringMatching(
      /README\.md cannot be written: .+\nHINT: make room there or allow it, or name another folder; then the same command again\n$/u,
    ),
  ]);
});

test("an exporter that answers on all addresses is asked at one, and it is said which to put [C2]", async () => {
  for (const [listen, target] of [
    ["0.0.0.0:9941", "127.0.0.1:9941"],
    ["[::]:9941", "[::1]:9941"],
  ] as const) {
    await exportTo("--listen", listen);
    expect(parse(read("prometheus/scrape.yml"))).toMatchObject({
      scrape_configs: [{ static_configs: [{ targets: [target] }] }],
    });
    expect(read("prometheus/scrape.yml")).toContain("put the one that Prometheus reaches");
    expect(read("lifeboat-exporter.service")).toContain(listen);
  }
});

test("below a folder in which nobody can make one it ends, and says so [K1]", async () => {
  const words = ["monitoring", "export", "/proc/lifeboat/monitoring"];
  const result = await runLifeboat(words, { cwd: parent, env: { HOME: parent, PATH: "" } });
  expect([result.code, result.stderr]).toEqual([
    2,
    expect.stringContaining("/proc/lifeboat/monitoring cannot be made"),
  ]);
});
