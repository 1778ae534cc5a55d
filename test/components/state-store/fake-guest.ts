import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quote } from "../../../components/install/shell";
import { installScript, type ServerFiles } from "../../../components/state-store/install-script";

/** Programs of the machine that an installation may use as they are. Nothing else is in its PATH but the fakes. */
const realPrograms = "cat chmod cp cut date diff grep ln mv readlink rm sha256sum sh".split(" ");

/**
 * What an installation would do to the machine, for `sh`. `$guest` is the scratch folder; each call is a line of
 * `$guest/calls`. A program is healthy when it says so in its text: `healthy`, `dies` or `hangs`.
 */
const fakes: Readonly<Record<string, string>> = {
  chown: "",
  useradd: "",
  sleep: "",
  id: '[ -e "$guest/user-exists" ]',
  mountpoint: '[ -e "$guest/mounted" ]',
  "systemd-run": '[ -e "$guest/namespaces" ]',
  stat: "echo lifeboat-store",
  // Ownership needs root; all else of it is real.
  install:
    'words=; skip=; for word; do case $skip$word in -o|-g) skip=x; continue ;; x*) skip=; continue ;; esac; words="$words $word"; done; exec "$realInstall" $words',
  runuser: 'shift 3; exec "$@"',
  journalctl: 'echo "last words"; cat "$guest/opt/lifeboat-state-store/current/root-password"',
  systemctl:
    'case $1 in show) grep -q hangs "$guest/opt/lifeboat-state-store/current/server" && echo 0 || echo 3 ;; esac',
  curl: `for url; do :; done
case $url in
*/minio/health/live) exec grep -q healthy "$guest/opt/lifeboat-state-store/current/server" ;;
esac
while [ "$1" != --output ]; do shift; done
cp "$guest/published" "$2"`,
};

/** How an installation ended. */
export interface Installed {
  readonly status: number | null;
  readonly stderr: string;
  /** What was asked of the machine meanwhile: `systemctl restart lifeboat-state-store.service`. */
  readonly calls: readonly string[];
}

/**
 * A guest in a scratch folder, for the real script under the real `sh`: what would reach the machine is a fake, and every
 * path of it lies below the folder.
 */
export class FakeGuest {
  readonly folder = mkdtempSync(join(tmpdir(), "lifeboat-guest-"));
  readonly base = join(this.folder, "opt/lifeboat-state-store");
  private readonly programs = join(this.folder, "programs");

  constructor() {
    for (const made of ["programs", "opt", "etc/systemd/system", "run/systemd/system", "disk"]) {
      mkdirSync(join(this.folder, made), { recursive: true });
    }
    for (const name of realPrograms) symlinkSync(pathOf(name), join(this.programs, name));
    for (const [name, body] of Object.entries(fakes)) {
      const text = `#!/bin/sh\nprintf '%s\\n' "${name} $*" >>"$guest/calls"\n${body}\n`;
      writeFileSync(join(this.programs, name), text, { mode: 0o755 });
    }
    for (const so of ["user-exists", "mounted", "namespaces"]) this.set(so);
  }

  /** Something is so in this guest: `mounted`, `namespaces`, `user-exists`. */
  set(name: string): void {
    writeFileSync(join(this.folder, name), "");
  }

  unset(name: string): void {
    rmSync(join(this.folder, name), { recursive: true });
  }

  /** Puts a program where installations load it from. @returns its SHA-256 */
  publish(behaviour: string): string {
    const text = programOf(behaviour);
    writeFileSync(join(this.folder, "published"), text);
    return createHash("sha256").update(text).digest("hex");
  }

  /** Copies a program into the guest, as Pulumi does where there is no address. */
  upload(behaviour: string): string {
    const path = join(this.folder, "uploaded");
    writeFileSync(path, programOf(behaviour));
    return path;
  }

  /** Runs the script with the words of its command line. */
  install(files: ServerFiles, words: Readonly<Record<string, string>>): Installed {
    const given = { endpoint: "https://192.0.2.132:9000", mount: join(this.folder, "disk"), ...words };
    rmSync(join(this.folder, "calls"), { force: true });
    const { status, stderr } = spawnSync(
      pathOf("sh"),
      ["-s", "--", ...Object.entries(given).map(([name, value]) => `${name}=${value}`)],
      {
        input: below(this.folder, installScript({ ...files, mount: given.mount })),
        env: { PATH: this.programs, guest: this.folder, realInstall: pathOf("install") },
        encoding: "utf8",
      },
    );
    const calls = join(this.folder, "calls");
    return { status, stderr, calls: existsSync(calls) ? readFileSync(calls, "utf8").trimEnd().split("\n") : [] };
  }

  /** What a link below the server's folder leads to; undefined where there is none. */
  linkOf(name: "current" | "proven"): string | undefined {
    return existsSync(join(this.base, name)) ? readlinkSync(join(this.base, name)) : undefined;
  }

  /** Folders of releases that are there. */
  get releases(): string[] {
    return readdirSync(join(this.base, "releases")).map((name) => `releases/${name}`);
  }

  /** Text of a file of the release that a link leads to. */
  textOf(path: string): string {
    return readFileSync(join(this.base, path), "utf8");
  }

  /** A release that was healthy is so no more. */
  breakRelease(link: "current" | "proven"): void {
    writeFileSync(join(this.base, link, "server"), programOf("dies"));
  }

  /** What an installation leaves that was killed while it waited for its release to be healthy. */
  leaveUnproven(behaviour: string): void {
    const release = "releases/unproven";
    cpSync(join(this.base, this.linkOf("proven") ?? ""), join(this.base, release), { recursive: true });
    writeFileSync(join(this.base, release, "server"), programOf(behaviour));
    rmSync(join(this.base, "current"));
    symlinkSync(release, join(this.base, "current"));
  }

  get unitLink(): string {
    return join(this.folder, "etc/systemd/system/lifeboat-state-store.service");
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A server that does nothing but say which one it is; `broken` does not even run. */
function programOf(behaviour: string): string {
  const ends = behaviour.includes("broken") ? 1 : 0;
  return `#!/bin/sh\n# ${behaviour}\nprintf '%s\\n' "server $*" >>"$guest/calls"\nexit ${String(ends)}\n`;
}

/** The script with its paths below a folder: those of the system that are not to be reached. What its files say stays. */
export function below(folder: string, script: string): string {
  return script.replaceAll(/(^|[\s"'=])\/(?=(?:opt|etc|run)\/)/gmu, (_, before: string) => `${before}${folder}/`);
}

function pathOf(program: string): string {
  const { stdout } = spawnSync("sh", ["-c", `command -v ${quote(program)}`], { encoding: "utf8" });
  return stdout.trim();
}
