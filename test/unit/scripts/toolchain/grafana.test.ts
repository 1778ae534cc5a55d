import { mkdirSync } from "node:fs";
import path from "node:path";
import { runCommandLine } from "../../../../scripts/toolchain/command-line";
import { grafana } from "../../../../scripts/toolchain/parts/grafana";
import { MemoryScreen, removeScratchFolders, scratchFolder, writeScript } from "./scratch";

afterEach(removeScratchFolders);

/** What obtaining it says where `go` gives a source with this sum, and `gcc` does what a test adds. */
async function obtain(sum: string, gcc = "echo gcc"): Promise<{ code: number; said: string }> {
  const folder = scratchFolder();
  const source = path.join(folder, "source");
  mkdirSync(source);
  const module = JSON.stringify({ Dir: source, Sum: sum }, null, 2);
  writeScript(
    path.join(folder, "go"),
    `[ "$1" = env ] && { echo go1.99.0; exit; }\n[ "$1" = mod ] && { cat <<'END'\n${module}\nEND\nexit; }\nexit 7`,
  );
  writeScript(path.join(folder, "gcc"), gcc);
  const screen = new MemoryScreen();
  const environment = { XDG_CACHE_HOME: path.join(folder, "cache"), PATH: `${folder}:/usr/bin:/bin` };
  const code = await runCommandLine(["--artifact", "grafana"], { environment, out: () => {}, screen }, [], [grafana]);
  return { code, said: screen.text };
}

test("a source of Grafana with another sum than is pinned is not built [N7]", async () => {
  const { code, said } = await obtain("h1:another");
  expect(said).toContain("has the sum h1:another, and h1:nEQOIzFVY");
  expect(code).toBe(1);
});

test("the source with the pinned sum is built", async () => {
  const { code, said } = await obtain(grafana.tree?.sum ?? "");
  expect(said).toContain("the build failed: go build");
  expect(code).toBe(1);
});
