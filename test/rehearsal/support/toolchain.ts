import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { projectFolder } from "./commands";
import { expectExit, type DemoSite } from "./demo-site";

/** Milliseconds for a hook that may be the first on a machine to obtain the toolchain: on a busy one half an hour. */
export const firstUseLimit = 60 * 60_000;

/**
 * Obtains the toolchain and what guests install, in one run: whatever test is the first on a machine, its builds share
 * their modules.
 *
 * @returns the number of parts of the toolchain
 */
export async function obtainToolchain(site: DemoSite): Promise<number> {
  expectExit(await site.project("npm", "run", "--silent", "toolchain", "--", "--all"), [0], "the toolchain");
  const check = ["npm", "run", "--silent", "toolchain", "--", "--check"] as const;
  const { stdout } = expectExit(await site.project(...check), [0], "its check");
  return stdout.split("\n").length - 1;
}

/** Path of a program of the toolchain. @throws Error when it was not obtained. */
export function toolchainProgram(name: string): string {
  const words = ["run", "--silent", "toolchain", "--", "--print-path"];
  return join(execFileSync("npm", words, { cwd: projectFolder, encoding: "utf8" }).trim(), name);
}
