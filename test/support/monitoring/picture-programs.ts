import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

const projectFolder = resolve(__dirname, "../../..");

/** Archive of the Grafana that `npm run toolchain -- --artifact grafana` has built; undefined where nobody did. */
export function builtGrafana(): string | undefined {
  const words = ["scripts/run.cjs", "scripts/toolchain/main.ts", "--check", "--artifact", "grafana", "--json"];
  const { status, stdout } = spawnSync(process.execPath, words, { cwd: projectFolder, encoding: "utf8" });
  if (status !== 0) return undefined;
  const report: { parts: { path: string }[] } = JSON.parse(stdout);
  return report.parts[0]?.path;
}

/** A browser that draws pages without a screen: Debian's `chromium`. Undefined where there is none. */
export function chromium(): string | undefined {
  return spawnSync("chromium", ["--version"]).status === 0 ? "chromium" : undefined;
}
