import { spawn } from "node:child_process";
import type { Driver } from "../drivers/driver";
import { isOnPath } from "../machine/on-path";
import { SandboxError } from "./failure";
import { GRUB_BOOT_SECTOR } from "./images/machine-image";

/** A Debian package and a file that shows whether it is installed. */
interface Prerequisite {
  package: string;
  /** A program by its name, any other file by its path. */
  program: string;
}

/** A driver, or what virtual machines need on top of `real`: 150 MB that a site without them does without. */
export type Part = Driver["name"] | "machines";

/** What a sandbox needs of the machine: the only list of it. `memory` needs what writes Proxmox's archives. */
const PREREQUISITES: Readonly<Record<Part, readonly Prerequisite[]>> = {
  memory: [
    { package: "tar", program: "tar" },
    { package: "zstd", program: "zstd" },
    { package: "lzop", program: "lzop" },
  ],
  real: [
    { package: "tar", program: "tar" },
    { package: "zstd", program: "zstd" },
    { package: "lzop", program: "lzop" },
    { package: "lxc", program: "lxc-start" },
    { package: "mmdebstrap", program: "mmdebstrap" },
    { package: "iproute2", program: "ip" },
    { package: "nftables", program: "nft" },
    { package: "iputils-ping", program: "ping" },
    { package: "openssh-client", program: "ssh" },
    { package: "e2fsprogs", program: "mkfs.ext4" },
    { package: "util-linux", program: "nsenter" },
    { package: "mount", program: "losetup" },
  ],
  machines: [
    { package: "qemu-system-x86", program: "qemu-system-x86_64" },
    { package: "qemu-utils", program: "qemu-img" },
    { package: "genisoimage", program: "genisoimage" },
    { package: "mmdebstrap", program: "mmdebstrap" },
    { package: "e2fsprogs", program: "mkfs.ext4" },
    { package: "grub-common", program: "grub-mkimage" },
    { package: "grub-pc-bin", program: GRUB_BOOT_SECTOR },
  ],
};

/** Debian packages that a part needs and that are not installed. */
export function missingPackages(part: Part, isInstalled: (program: string) => boolean = isOnPath): string[] {
  return PREREQUISITES[part].filter(({ program }) => !isInstalled(program)).map((needed) => needed.package);
}

/**
 * Installs what is missing, as root, with apt-get, and says so first.
 *
 * @param say receives one line for the person who waits
 * @throws SandboxError with the line to type, where it may not or cannot install
 */
export async function requirePackages(part: Part, say: (line: string) => void): Promise<void> {
  const missing = missingPackages(part);
  if (missing.length === 0) return;
  const line = `apt-get install --no-install-recommends ${missing.join(" ")}`;
  if (process.getuid?.() !== 0 || !isOnPath("apt-get")) {
    throw new SandboxError(`this machine lacks ${missing.join(", ")}`, { hint: `as root: ${line}` });
  }
  say(`Installing Debian packages: ${missing.join(", ")}`);
  if (!(await aptGet(["install", "--yes", "--no-install-recommends", ...missing]))) {
    // A machine that has never looked at its package lists knows no package.
    say("Refreshing the package lists");
    await aptGet(["update"]);
    await aptGet(["install", "--yes", "--no-install-recommends", ...missing]);
  }
  const still = missingPackages(part);
  if (still.length > 0) throw new SandboxError(`apt-get did not install ${still.join(", ")}`, { hint: `try: ${line}` });
}

/** Whether apt-get ended well. Its output goes to the error stream: the standard output is for data. */
function aptGet(words: readonly string[]): Promise<boolean> {
  // Another program that installs packages is waited for.
  const options = ["Dpkg::Use-Pty=0", "DPkg::Lock::Timeout=600"].flatMap((option) => ["-o", option]);
  return new Promise((resolve, reject) => {
    const child = spawn("apt-get", ["-qq", ...options, ...words], {
      stdio: ["ignore", 2, 2],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 0));
  });
}
