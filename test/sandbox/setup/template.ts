import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { spawn } from "node:child_process";
import { SandboxError } from "./failure";

/** Name of the container template on each node's storage `local`, as the settings' examples have it. */
export const TEMPLATE = "debian-12-standard_amd64.tar.zst";

/**
 * How the template of the real driver is made. Its hash names the cached file, so a changed recipe makes a new one.
 *
 * What mmdebstrap copies from this machine (name, resolver) goes, as do identities that every guest needs of its own.
 */
const RECIPE = {
  suite: "bookworm",
  variant: "minbase",
  packages: [
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "iproute2",
    "iputils-ping",
    "procps",
    "ca-certificates",
    "curl",
    "openssl",
    "rclone",
    "less",
    "vim-tiny",
    "zstd",
  ],
  /** Manuals and translations of a guest that lives for minutes would be a third of it. */
  exclude: ["/usr/share/man/*", "/usr/share/locale/*/LC_MESSAGES/*.mo", "/usr/share/doc/*"],
  keep: ["/usr/share/doc/*/copyright"],
  hooks: [
    'chroot "$1" systemctl enable systemd-networkd',
    'rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/hostname "$1"/etc/resolv.conf',
    ': > "$1"/etc/machine-id',
  ],
} as const;

/**
 * The template of the real driver: made with mmdebstrap the first time, kept in the user's cache afterwards.
 *
 * @param say receives one line before the work that takes half a minute
 * @returns path of the file in the cache
 */
export async function realTemplate(say: (line: string) => void): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(RECIPE)).digest("hex").slice(0, 16);
  const folder = join(cacheFolder(), "templates", hash);
  const file = join(folder, TEMPLATE);
  if (existsSync(file)) return file;
  say("Making the container template from Debian packages (half a minute, once)");
  mkdirSync(folder, { recursive: true });
  removeAbandoned(folder);
  const building = mkdtempSync(join(folder, BUILDING));
  try {
    await makeTemplate(join(building, TEMPLATE), building);
    // Only a finished file gets the name that later runs trust.
    renameSync(join(building, TEMPLATE), file);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return file;
}

/** Puts a file at a place on a node: a hard link where both lie on one file system, else a copy. */
export function placeFile(file: string, place: string): void {
  if (existsSync(place)) return;
  mkdirSync(dirname(place), { recursive: true });
  try {
    linkSync(file, place);
  } catch {
    const temporary = join(dirname(place), `.${basename(place)}.new`);
    copyFileSync(file, temporary);
    renameSync(temporary, place);
  }
}

const BUILDING = "building-";

/** No build takes longer than this; an older folder was left by a killed one. */
const LONGEST_BUILD = 3600 * 1000;

function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder).filter((entry) => entry.startsWith(BUILDING))) {
    const left = join(folder, name);
    if (Date.now() - statSync(left).mtimeMs > LONGEST_BUILD) rmSync(left, { recursive: true, force: true });
  }
}

function cacheFolder(): string {
  const cache = process.env["XDG_CACHE_HOME"];
  return join(cache === undefined || cache === "" ? join(homedir(), ".cache") : cache, "lifeboat");
}

async function makeTemplate(file: string, temporary: string): Promise<void> {
  const words = [
    "--quiet",
    `--variant=${RECIPE.variant}`,
    `--include=${RECIPE.packages.join(",")}`,
    ...RECIPE.exclude.map((path) => `--dpkgopt=path-exclude=${path}`),
    ...RECIPE.keep.map((path) => `--dpkgopt=path-include=${path}`),
    ...RECIPE.hooks.map((hook) => `--customize-hook=${hook}`),
    RECIPE.suite,
    file,
  ];
  const complaints = await runLoudly("mmdebstrap", words, temporary);
  if (complaints === undefined) return;
  throw new SandboxError(`mmdebstrap could not make the container template: ${complaints}`, {
    hint: "it needs Debian's package mirror, as apt-get does on this machine",
  });
}

/** Runs a command; its last line on the error stream when it failed, undefined when it went well. */
function runLoudly(command: string, words: readonly string[], temporary: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    // mmdebstrap builds in TMPDIR: there `removeAbandoned` finds what a killed one leaves.
    const child = spawn(command, words, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, TMPDIR: temporary },
    });
    let complaints = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 0 ? undefined : (complaints.trim().split("\n").at(-1) ?? "")));
  });
}
