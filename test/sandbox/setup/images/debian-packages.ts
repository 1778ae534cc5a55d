import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CommandFailed, run } from "../../machine/child-process";
import { isOnPath } from "../../machine/on-path";
import { SandboxError } from "../failure";

/**
 * Unpacks Debian packages as files, without those that they depend on. They are not installed: nothing of theirs is started
 * here, and dpkg knows nothing of them. apt compares what it gets with the sums in the signed package lists.
 *
 * @param folder where their files go, by their paths; made if it is not there
 * @param temporary an empty folder for the packages themselves
 * @throws SandboxError where there is no apt-get, or it does not get them
 */
export async function unpackDebian(packages: readonly string[], folder: string, temporary: string): Promise<void> {
  const missing = ["apt-get", "dpkg-deb"].filter((program) => !isOnPath(program));
  if (missing.length > 0) {
    throw new SandboxError(`${packages.join(", ")}: a Debian package, and this machine has no ${missing.join(", ")}`, {
      hint: "run this on Debian or Ubuntu",
    });
  }
  const downloaded = join(temporary, "packages");
  mkdirSync(downloaded);
  await download(packages, downloaded);
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(downloaded)) await run("dpkg-deb", ["--extract", join(downloaded, name), folder]);
}

async function download(packages: readonly string[], folder: string): Promise<void> {
  try {
    // A machine that has never looked at its package lists knows no package; only root may look.
    await aptGet(["download", ...packages], folder).catch(async (failure: unknown) => {
      if (process.getuid?.() !== 0) throw failure;
      await aptGet(["update"], folder);
      await aptGet(["download", ...packages], folder);
    });
  } catch (failure) {
    if (!(failure instanceof CommandFailed)) throw failure;
    throw new SandboxError(`apt-get does not get ${packages.join(", ")}: ${failure.message}`, {
      hint: "as root: apt-get update",
    });
  }
}

/** It downloads into the folder that it runs in; as root it would warn that its own user may not write there. */
function aptGet(words: readonly string[], folder: string): Promise<string> {
  const options = ["APT::Sandbox::User=root", "DPkg::Lock::Timeout=600"].flatMap((option) => ["-o", option]);
  return run("env", ["--chdir", folder, "apt-get", "-qq", ...options, ...words]);
}
