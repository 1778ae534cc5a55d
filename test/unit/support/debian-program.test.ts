import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { typeScript } from "../../sandbox/machine/type-script";
import { amtool, promtool } from "../../support/debian-program";

const folder = mkdtempSync(join(tmpdir(), "lifeboat-"));

afterAll(() => rmSync(folder, { recursive: true }));

const programs = { promtool: promtool(), amtool: amtool() };
const describeChecks = Object.values(programs).includes(undefined) ? describe.skip : describe;
const rules = { groups: [{ name: "backups", rules: [{ alert: "Silent", expr: "up == 0" }] }] };

describeChecks("what rules and settings are checked with", () => {
  test("promtool checks rules as Prometheus does [C3]", () => {
    const [good, bad] = [join(folder, "good.json"), join(folder, "bad.json")];
    writeFileSync(good, JSON.stringify(rules));
    writeFileSync(bad, JSON.stringify(rules).replace("up == 0", "up =="));
    expect(run(programs.promtool, "check", "rules", good)).toMatchObject({
      status: 0,
      said: expect.stringMatching(/1 rules found/),
    });
    expect(run(programs.promtool, "check", "rules", bad)).toMatchObject({
      status: 1,
      said: expect.stringMatching(/parse error/),
    });
  });

  test("amtool checks settings as Alertmanager does [C3]", () => {
    const [good, bad] = [join(folder, "good.yml"), join(folder, "bad.yml")];
    writeFileSync(good, JSON.stringify({ route: { receiver: "ops" }, receivers: [{ name: "ops" }] }));
    writeFileSync(bad, JSON.stringify({ route: { receiver: "nobody" }, receivers: [{ name: "ops" }] }));
    expect(run(programs.amtool, "check-config", good).status).toBe(0);
    expect(run(programs.amtool, "check-config", bad)).toMatchObject({
      status: 1,
      said: expect.stringMatching(/nobody/),
    });
  });
});

test("a machine without apt-get is told what it lacks, and gets nothing", () => {
  const words = [...typeScript(resolve(__dirname, "../../.."), "test/sandbox/sandbox.ts"), "program", "promtool"];
  const { status, stdout, stderr } = spawnSync(process.execPath, words.slice(1), {
    encoding: "utf8",
    env: { PATH: folder, XDG_CACHE_HOME: join(folder, "cache") },
  });
  expect([status, stdout, stderr]).toEqual([
    1,
    "",
    [
      "Downloading Debian's package prometheus for its promtool (once; it is not installed)",
      "Error: prometheus: a Debian package, and this machine has no apt-get, dpkg-deb",
      "  → run this on Debian or Ubuntu",
      "",
    ].join("\n"),
  ]);
});

function run(program: string | undefined, ...words: string[]): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(program ?? "", words, { encoding: "utf8" });
  return { status, said: stdout + stderr };
}
