import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { guestAlias } from "../../../../site/host-keys";
import { siteFolderName } from "../../../../scripts/machine/state-home";
import { settingsText } from "../../../commands/support/site/settings";
import { type Conversation, talkTo } from "../../../support/conversation";
import type { DatabaseGuest } from "../../../support/database-guest/database-guest";

/** How a run of the command line ended. */
export interface Ended {
  /** Null: it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A guest of the settings: where it is, and its block. */
export interface DataGuest {
  readonly name: string;
  readonly id: number;
  readonly guest: DatabaseGuest;
  /** Lines of `data` in its block. */
  readonly data: readonly string[];
}

const project = resolve(__dirname, "../../../..");
const endpoint = "https://192.0.2.11:8006";

/**
 * A project whose guests are real ones with databases, which the command line reaches over a real SSH server in each: its
 * connection comes by a program in place of a network. No Proxmox is asked for any of it.
 */
export class DataSite {
  readonly folder = mkdtempSync(join(tmpdir(), "lifeboat-data-"));
  private readonly bin = join(this.folder, "bin");

  /** @param guests that run; the site stops them. */
  constructor(private readonly guests: readonly DataGuest[]) {
    mkdirSync(join(this.folder, "project"));
    mkdirSync(this.bin);
    mkdirSync(this.stateFolder, { recursive: true, mode: 0o700 });
    for (const place of ["state", "state/lifeboat"]) chmodSync(join(this.folder, place), 0o700);
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(this.folder, "project", "id")]);
    writeFileSync(join(this.folder, "project", "Pulumi.yaml"), "name: site\nruntime: nodejs\n");
    this.declare();
    this.letIn();
  }

  /** Writes the settings. */
  declare(more: Readonly<Record<string, readonly string[]>> = {}): void {
    const blocks = this.guests.map(({ name, id, data }) => [
      name,
      [
        "kind: container",
        `id: ${String(id)}`,
        "template: local:vztmpl/debian-12-standard_amd64.tar.zst",
        "root: { storage: local, size: 8GiB }",
        `network: { bridge: vmbr0, address: 192.0.2.${String(id)}/24 }`,
        "data:",
        ...(more[name] ?? data).map((line) => `  ${line}`),
      ],
    ]);
    const text = settingsText(endpoint, {
      profile: "prod",
      node: "pve-prod",
      guests: Object.fromEntries(blocks),
      lines: ["  lifeboat:ssh: { user: root, identity: id }"],
    });
    writeFileSync(join(this.folder, "project", "Pulumi.prod.yaml"), text);
  }

  get stateFolder(): string {
    return join(this.folder, "state", "lifeboat", siteFolderName("prod", endpoint));
  }

  /** Journals of what was done, newest first. */
  journals(): { readonly state: string; readonly steps: Readonly<Record<string, { readonly state: string }>> }[] {
    const names = readdirSync(this.stateFolder).filter((name) => /-\d{8}T\d{9}(?:-\d+)?\.json$/u.test(name));
    return names
      .sort()
      .reverse()
      .map((name) => JSON.parse(readFileSync(join(this.stateFolder, name), "utf8")));
  }

  /** Another machine of the operator: it has no journals. */
  forgetJournals(): void {
    for (const name of readdirSync(this.stateFolder)) if (name.endsWith(".json")) rmSync(join(this.stateFolder, name));
  }

  /** Runs the command line as users have it. @param env besides what it has @param killAt `after 3`: at a write of a journal */
  lifeboat(argv: readonly string[], env: Readonly<Record<string, string>> = {}, killAt?: string): Promise<Ended> {
    return this.begin(argv, env, killAt).ended;
  }

  /** The same, beside the test, which may end it. */
  begin(
    argv: readonly string[],
    env: Readonly<Record<string, string>> = {},
    killAt?: string,
  ): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
    const hook = killAt === undefined ? [] : ["--require", join(project, "test/support/kill-at-journal-write.cjs")];
    const child = spawn(process.execPath, [...hook, join(project, "dist/lifeboat.cjs"), ...argv], {
      cwd: join(this.folder, "project"),
      env: {
        ...this.variables,
        ...(killAt === undefined ? {} : { LIFEBOAT_TEST_KILL: killAt }),
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const ended = new Promise<Ended>((done, reject) => {
      child.once("error", reject);
      child.once("close", (code) => done({ code, stdout, stderr }));
    });
    return { child, ended };
  }

  /**
   * Types a line at a terminal, where a person says yes to what is asked.
   *
   * @param before lines that this shell has had
   */
  type(line: string, before: readonly string[] = []): Promise<Conversation> {
    const script = join(this.folder, "typed");
    writeFileSync(script, [...before, line, ""].join("\n"));
    const starter = `#!/bin/sh\nexec '${process.execPath}' '${join(project, "dist/lifeboat.cjs")}' "$@"\n`;
    writeFileSync(join(this.bin, "lifeboat"), starter, { mode: 0o755 });
    const yes = Array.from({ length: 6 }, () => ["● No", "y"] as const);
    const terminal = { command: `bash '${script}'`, cwd: join(this.folder, "project"), env: this.variables };
    return talkTo({ ...terminal, silence: 180_000 }, yes);
  }

  private get variables(): Readonly<Record<string, string>> {
    return {
      PATH: `${this.bin}:${process.env["PATH"] ?? ""}`,
      HOME: this.folder,
      XDG_STATE_HOME: join(this.folder, "state"),
      XDG_DATA_HOME: join(this.folder, "data"),
      LIFEBOAT_PROXMOX_TOKEN: "lifeboat@pve!lifeboat=00000000-0000-0000-0000-000000000000",
    };
  }

  /** Nobody reaches a guest for as long as something is done. */
  async cutOff<Result>(work: () => Promise<Result>): Promise<Result> {
    const file = join(this.folder, "unreachable");
    writeFileSync(file, "");
    try {
      return await work();
    } finally {
      rmSync(file);
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.guests.map(({ guest }) => guest.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** An SSH server in each guest that lets the operator in, and an `ssh` that finds them without a network. */
  private letIn(): void {
    const known: string[] = [];
    const cases = this.guests.map(({ guest, id }) => {
      const keys = guest.path("/etc/ssh");
      // One that has two names has one key.
      const isFirst = this.guests.find((other) => other.guest === guest)?.id === id;
      if (isFirst)
        execFileSync("sh", [
          "-c",
          `rm -f "$1"/ssh_host_*; ssh-keygen -q -t ed25519 -N "" -f "$1/ssh_host_ed25519_key"`,
          "sh",
          keys,
        ]);
      known.push(`${guestAlias(id)} ${readFileSync(join(keys, "ssh_host_ed25519_key.pub"), "utf8").trim()}`);
      mkdirSync(guest.path("/root/.ssh"), { recursive: true, mode: 0o700 });
      writeFileSync(guest.path("/root/.ssh/authorized_keys"), readFileSync(join(this.folder, "project", "id.pub")), {
        mode: 0o600,
      });
      writeFileSync(guest.path("/etc/ssh/sshd_config"), "PasswordAuthentication no\nUsePAM no\nPermitRootLogin yes\n");
      const enter = `nsenter --target=${String(guest.pid)} --mount --pid --net --uts --ipc --root --wd /usr/sbin/sshd -i`;
      return `*192.0.2.${String(id)}*) way='${enter}' ;;`;
    });
    writeFileSync(join(this.stateFolder, "known_hosts"), `${known.join("\n")}\n`, { mode: 0o600 });
    const script = [
      "#!/bin/sh",
      `[ ! -e '${join(this.folder, "unreachable")}' ] || { echo 'ssh: connect to host: No route to host' >&2; exit 255; }`,
      'case "$*" in',
      ...cases,
      "*) echo 'ssh: no such host' >&2; exit 255 ;;",
      "esac",
      'exec /usr/bin/ssh -o "ProxyCommand=$way" "$@"',
    ];
    writeFileSync(join(this.bin, "ssh"), `${script.join("\n")}\n`, { mode: 0o755 });
  }
}
