import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { toolchainPath } from "../sandbox/setup/exports";
import type { TestSandbox } from "../sandbox/setup/start-sandbox";
import { peakOf, watchPeak } from "./peak-memory";

const checkout = resolve(__dirname, "../..");

export interface PulumiProject {
  /** Runs `pulumi preview`; answers with the peak memory of its largest Node process in MiB. */
  readonly preview: () => number;
  /** Runs `pulumi up`. */
  readonly up: () => void;
}

interface ProjectOptions {
  readonly stack: string;
  readonly program: string;
  readonly options: readonly string[];
  readonly settings: string;
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * A folder in which `pulumi` runs one of the checkout's programs against a sandbox, with an empty stack.
 *
 * @param program path of the program in the checkout
 * @param options lines of `runtime.options` in Pulumi.yaml
 * @param settings text of the stack's settings
 * @param variables of `pulumi`, such as its backend. Default: a state on this machine.
 */
export function makePulumiProject(
  sandbox: TestSandbox,
  folder: string,
  { stack, program, options, settings, variables: own = {} }: ProjectOptions,
): PulumiProject {
  const toolchain = toolchainPath(checkout, sandbox.layout.pulumiHome);
  if (toolchain === undefined) throw new Error("the toolchain is not installed; write: npm run toolchain");
  const PATH = [toolchain, process.env["PATH"] ?? ""].join(delimiter);
  const env: Record<string, string | undefined> = { ...process.env, ...sandbox.env, ...own, PATH };
  mkdirSync(folder, { recursive: true });
  for (const name of ["node_modules", "package.json"]) symlinkSync(join(checkout, name), join(folder, name));
  symlinkSync(join(checkout, program, ".."), join(folder, "program"));
  const main = `main: program/${program.split("/").at(-1) ?? ""}`;
  const runtime = ["runtime:", "  name: nodejs", "  options:", ...options.map((line) => `    ${line}`), ""];
  writeFileSync(join(folder, "Pulumi.yaml"), [`name: ${stack}`, main, ...runtime].join("\n"));
  writeFileSync(join(folder, `Pulumi.${stack}.yaml`), settings);
  const pulumi = (words: readonly string[], variables: Record<string, string> = {}): void => {
    const { status, stdout, stderr } = spawnSync("pulumi", [...words, "--non-interactive"], {
      cwd: folder,
      env: { ...env, ...variables },
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`pulumi ${words.join(" ")} ended with ${String(status)}:\n${stdout}${stderr}`);
  };
  const backend = new URL(env["PULUMI_BACKEND_URL"] ?? "");
  if (backend.protocol === "file:") mkdirSync(fileURLToPath(backend), { recursive: true });
  pulumi(["stack", "init", stack]);
  return {
    up: () => pulumi(["up", "-s", stack, "--yes", "--skip-preview"]),
    preview: () => {
      const watch = watchPeak(folder);
      pulumi(["preview", "-s", stack], watch.variables);
      return peakOf(watch);
    },
  };
}
