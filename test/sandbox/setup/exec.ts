import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { hasCode } from "../machine/files";
import { type Exports, withExports } from "./exports";
import { SandboxError } from "./failure";
import type { Layout, SandboxRecord } from "./layout";
import { inNetwork, siteNames } from "../machine/names";

/**
 * Runs a command with the sandbox's environment, in the site's network where it has one of its own, in the folder of
 * the project's copy. Terminal, input and output are the caller's.
 *
 * @returns the command's exit code, or 128 and the signal's number, as a shell has it
 */
export function execInSandbox(
  layout: Layout,
  record: SandboxRecord,
  exports: Exports,
  command: readonly string[],
): Promise<number> {
  const names = siteNames(layout.server);
  if (record.driver === "real" && !existsSync(`/run/netns/${names.namespace}`)) {
    throw new SandboxError("the sandbox's network is gone", { hint: "make it again: npm run sandbox -- up" });
  }
  const [program = "", ...words] = record.driver === "real" ? [...inNetwork(names), "--", ...command] : command;
  const child = spawn(program, words, {
    cwd: layout.project,
    stdio: "inherit",
    env: withExports(process.env, exports),
  });
  // The terminal sends an interrupt to the command as well; what it makes of it is its own affair.
  process.on("SIGINT", () => child.exitCode);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.on("error", (failure) => {
      reject(
        hasCode(failure, "ENOENT") ? new SandboxError(`${program}: command not found`, { exitCode: 127 }) : failure,
      );
    });
    child.on("close", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
