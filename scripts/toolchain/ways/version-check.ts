import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { messageOf } from "../errors";
import type { Part } from "../parts/part";
import { WayClosed } from "./way";

const timeoutMilliseconds = 20_000;

/**
 * Asks a program for its version before it is trusted.
 *
 * @throws WayClosed if it does not run or is another version.
 */
export async function checkVersion(part: Part, program: string): Promise<void> {
  if (!part.versionCheck) {
    return;
  }
  const printed = await versionOf(program, part.versionCheck.arguments).catch((error: unknown) => {
    throw new WayClosed(`the program does not run here: ${messageOf(error)}`);
  });
  if (printed !== part.versionCheck.output) {
    throw new WayClosed(`the program says that it is ${printed}, not ${part.versionCheck.output}`);
  }
}

/** The first line that a program prints about its version. Rejects if it does not run. */
export async function versionOf(program: string, options: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [...options], {
    timeout: timeoutMilliseconds,
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "1" },
  });
  return stdout.trim().split("\n", 1)[0]?.trimEnd() ?? "";
}
