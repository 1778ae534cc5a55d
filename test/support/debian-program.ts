import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { typeScript } from "../sandbox/machine/type-script";

const projectFolder = resolve(__dirname, "../..");

/**
 * Path of Prometheus' own checker of rules and settings, from Debian's package; downloaded the first time. Undefined where it
 * cannot be had: asked before a test is declared, so that
 * `(promtool() === undefined ? describe.skip : describe)(…)` skips it. `test/support/ci/plan.cjs` lists the files that may.
 */
export function promtool(): string | undefined {
  return debianProgram("promtool");
}

/** The same for Alertmanager's. */
export function amtool(): string | undefined {
  return debianProgram("amtool");
}

/** Prometheus itself. */
export function prometheus(): string | undefined {
  return debianProgram("prometheus");
}

function debianProgram(name: string): string | undefined {
  const [node = "", ...words] = [...typeScript(projectFolder, "test/sandbox/sandbox.ts"), "program", name];
  const { status, stdout, stderr } = spawnSync(node, words, { encoding: "utf8", timeout: 180_000 });
  if (status === 0) return stdout.trim();
  process.stderr.write(`skipped: ${name} cannot be had: ${stderr.trim().split("\n").at(-2) ?? ""}\n`);
  return undefined;
}
