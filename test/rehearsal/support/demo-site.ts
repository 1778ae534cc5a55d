import { type ChildProcessByStdio, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { type CommandResult, projectFolder, runCommand, typeScript } from "./commands";

export type DriverName = "real" | "memory";

/** A sandbox, driven from outside by the same commands that a person types. */
export class DemoSite {
  constructor(
    /** Folder of the sandbox: `.sandbox` of the project, or one of a test's own. */
    readonly folder: string,
    readonly driver: DriverName,
    /** Receives each command and the lines that it prints. */
    private readonly show: (line: string) => void,
  ) {}

  /** A program of the project itself, outside the site. */
  project(...words: readonly [string, ...string[]]): Promise<CommandResult> {
    this.show(`$ ${words.join(" ")}`);
    const [program, ...rest] = words;
    return runCommand(program, rest, { onLine: this.show });
  }

  /** `npm run sandbox -- …` */
  sandbox(...words: string[]): Promise<CommandResult> {
    return this.run(`npm run sandbox -- ${words.join(" ")}`, words);
  }

  /** A command inside the site's network, with its environment. */
  inside(...words: string[]): Promise<CommandResult> {
    return this.run(words.join(" "), ["exec", ...words]);
  }

  /** One that goes on beside the test, which ends everything that it has started: `processTree`. Its output is the test's to read. */
  beside(...words: string[]): ChildProcessByStdio<null, Readable, null> {
    this.show(`$ ${words.join(" ")} &`);
    const program = [...typeScript("test/sandbox/sandbox.ts"), "exec", ...words];
    const env = { ...process.env, LIFEBOAT_SANDBOX_DIR: this.folder, NO_COLOR: "1" };
    return spawn(process.execPath, program, { cwd: projectFolder, env, stdio: ["ignore", "pipe", "ignore"] });
  }

  /** Plain `pulumi` on an environment, with what `lifeboat env` says. */
  pulumi(environment: string, ...words: string[]): Promise<CommandResult> {
    const script = 'exports=$(lifeboat env "$1") && eval "$exports" && shift && exec pulumi "$@"';
    const shown = [words[0] ?? "", "-s", environment, ...words.slice(1), "--non-interactive"];
    return this.run(`pulumi ${shown.join(" ")}`, ["exec", "sh", "-c", script, "sh", environment, ...shown]);
  }

  /** What somebody does to the site in Proxmox's own web interface. */
  byHand(...words: string[]): Promise<CommandResult> {
    const program = [process.execPath, ...typeScript("test/rehearsal/support/by-hand.ts")];
    return this.run(`(by hand) ${words.join(" ")}`, ["exec", ...program, ...words]);
  }

  /** A shell command inside a guest, over SSH, as the site's operator. */
  ssh(address: string, command: string): Promise<CommandResult> {
    return this.run(`ssh root@${address} ${command}`, ["exec", ...this.sshWords(address, command)]);
  }

  /** The words of {@link ssh}, inside the site's network. */
  sshWords(address: string, command: string): string[] {
    const options = ["BatchMode=yes", "StrictHostKeyChecking=accept-new", "ConnectTimeout=10", "LogLevel=ERROR"];
    const known = `UserKnownHostsFile=${join(this.folder, "state-home", "demo-known-hosts")}`;
    const words = ["-i", join(this.folder, "keys", "id_ecdsa"), ...[...options, known].flatMap((o) => ["-o", o])];
    return ["ssh", ...words, `root@${address}`, command];
  }

  /**
   * Paths on this machine, below the folders that are a guest's disks, that end with the given words; `memory` only: in
   * `real` a disk is an image.
   */
  inDisks(node: string, vmid: number, end: string): string[] {
    const root = join(this.folder, "server", "nodes", node, "root");
    return readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((path) => path.includes(`images/${vmid}/`) && path.endsWith(end))
      .map((path) => join(root, path));
  }

  private run(shown: string, words: readonly string[]): Promise<CommandResult> {
    this.show(`$ ${shown}`);
    return runCommand(process.execPath, [...typeScript("test/sandbox/sandbox.ts"), ...words], {
      environment: { LIFEBOAT_SANDBOX_DIR: this.folder, NO_COLOR: "1" },
      onLine: this.show,
    });
  }
}

/** @throws Error with the command's last lines when it did not end as it should. */
export function expectExit(result: CommandResult, wanted: readonly number[], what: string): CommandResult {
  if (wanted.includes(result.exitCode)) return result;
  const said = `${result.stdout}\n${result.stderr}`.trim().split("\n").slice(-25).join("\n");
  throw new Error(`${what} ended with ${result.exitCode}, expected ${wanted.join(" or ")}:\n${said}`);
}
