import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Connection } from "./connection";
import { RunError, type Call } from "./resource";
import { ExitError, runProgram, type ProgramOutput } from "./run-program";

/** What ssh and sftp end with when they could not connect; ssh also when the command ended so. */
const connectionFailed = 255;
const firstDelayMilliseconds = 100;
const longestDelayMilliseconds = 5_000;

/** No connection came about, so that nothing was begun. */
export class DialError extends RunError {}

export interface RemoteRun {
  readonly command: string;
  readonly description: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly standardInput: string | undefined;
  readonly logged: { readonly stdout: boolean; readonly stderr: boolean };
}

/** Another machine, reached by the system's ssh and sftp with no setting of this user. */
export class SshMachine {
  constructor(private readonly connection: Connection) {}

  /**
   * Runs a command. Only connecting is tried again, never the command. What runs on the other side is waited for, whatever
   * the user does here.
   *
   * @throws RunError
   */
  run(run: RemoteRun, call: Call): Promise<ProgramOutput> {
    return this.withFiles((folder) => {
      // ssh runs the local command when it has connected and before it runs anything on the other side.
      const connected = path.join(folder, "connected");
      const words: [string, ...string[]] = [
        "ssh",
        ...this.options(folder),
        "-oPermitLocalCommand=yes",
        `-oLocalCommand=: > '${connected}'`,
        ...Object.keys(run.environment).map((name) => `-oSendEnv=${name}`),
        `-p${this.connection.port ?? 22}`,
        "--",
        `${this.connection.user ?? "root"}@${this.host}`,
        run.command,
      ];
      const environment = { ...this.environment(), ...run.environment };
      const { description, standardInput, logged } = run;
      const ended = "Process exited with status";
      const attempt = () => runProgram({ words, description, ended, environment, standardInput, logged }, call);
      return this.dial(attempt, () => existsSync(connected), call);
    });
  }

  /** Runs commands of sftp. A command after "-" may fail. @throws RunError */
  transfer(commands: readonly string[], call: Call): Promise<ProgramOutput> {
    return this.withFiles((folder) => {
      const host = this.host.includes(":") ? `[${this.host}]` : this.host;
      const words: [string, ...string[]] = [
        "sftp",
        "-q",
        "-b-",
        `-P${this.connection.port ?? 22}`,
        ...this.options(folder),
        "--",
        `${this.connection.user ?? "root"}@${host}`,
      ];
      const run = {
        words,
        description: `sftp to ${this.host}`,
        ended: "exit status",
        environment: this.environment(),
        standardInput: `${commands.join("\n")}\n`,
        logged: { stdout: false, stderr: false },
      };
      return this.dial(
        () => runProgram(run, call),
        () => false,
        call,
      );
    });
  }

  private get host(): string {
    return this.connection.host ?? "";
  }

  private async dial(
    attempt: () => Promise<ProgramOutput>,
    hasConnected: () => boolean,
    call: Call,
  ): Promise<ProgramOutput> {
    const { dialErrorLimit: limit = 10 } = this.connection;
    await this.requireAgent();
    for (let failures = 0; ; failures += 1) {
      try {
        return await attempt();
      } catch (error) {
        const isDialError = error instanceof ExitError && error.exitCode === connectionFailed && !hasConnected();
        if (!isDialError) {
          throw error;
        }
        if (call.signal.aborted) {
          throw new DialError("context canceled");
        }
        if (limit >= 0 && failures >= limit) {
          throw new DialError(`after ${failures} failed attempts: ${whyNotConnected(error.complaint)}`);
        }
        await delay(Math.min(firstDelayMilliseconds * 1.5 ** failures, longestDelayMilliseconds));
      }
    }
  }

  /** Keys go through files that only this user can read, and are deleted with the folder. */
  private async withFiles<T>(action: (folder: string) => Promise<T>): Promise<T> {
    const folder = mkdtempSync(path.join(tmpdir(), "lifeboat-ssh-"));
    try {
      const { privateKey, hostKey } = this.connection;
      if (privateKey !== undefined) {
        writeFileSync(path.join(folder, "key"), privateKey.replace(/\n*$/, "\n"), { mode: 0o600 });
      }
      if (hostKey !== undefined) {
        writeFileSync(path.join(folder, "known-hosts"), `lifeboat-host ${parseHostKey(hostKey).join(" ")}\n`);
      }
      return await action(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Like the official provider, which checks a host key only where one is given, and offers no other type of key then. */
  private options(folder: string): string[] {
    const { privateKey, hostKey, perDialTimeout = 15 } = this.connection;
    const options = [
      "BatchMode=yes",
      "LogLevel=ERROR",
      ...(perDialTimeout > 0 ? [`ConnectTimeout=${perDialTimeout}`] : []),
      ...(privateKey === undefined ? ["IdentityFile=none"] : [`IdentityFile=${path.join(folder, "key")}`]),
      ...(hostKey === undefined
        ? ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"]
        : [
            "StrictHostKeyChecking=yes",
            `UserKnownHostsFile=${path.join(folder, "known-hosts")}`,
            "GlobalKnownHostsFile=/dev/null",
            "HostKeyAlias=lifeboat-host",
            `HostKeyAlgorithms=${parseHostKey(hostKey)[0]}`,
          ]),
    ];
    return ["-F/dev/null", ...options.map((option) => `-o${option}`)];
  }

  /** The official provider speaks to the agent first, also where it has a key. */
  private requireAgent(): Promise<void> {
    const path = this.connection.agentSocketPath ?? process.env["SSH_AUTH_SOCK"] ?? "";
    if (path === "") return Promise.resolve();
    return new Promise((resolve, reject) => {
      const socket = connect(path, () => {
        socket.destroy();
        resolve();
      });
      socket.once("error", ({ message }) => reject(new DialError(`dial unix ${path}: ${message}`)));
    });
  }

  private environment(): NodeJS.ProcessEnv {
    const { agentSocketPath } = this.connection;
    return { ...process.env, ...(agentSocketPath !== undefined && { SSH_AUTH_SOCK: agentSocketPath }) };
  }
}

/** Type and base64 of a line as `ssh_host_*_key.pub` has it. @throws RunError in the words of the official provider */
function parseHostKey(line: string): readonly [string, string] {
  const [, type, base64] =
    /(?:^|\s)((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[\w.@-]+)\s+(AAAA[\w+/]*=*)(?:\s|$)/.exec(line) ?? [];
  if (type === undefined || base64 === undefined) {
    throw new RunError("failed to parse host key: ssh: no key found");
  }
  return [type, base64];
}

/** What the official provider says where a host key is not the wanted one, and what the system's ssh says otherwise. */
function whyNotConnected(message: string): string {
  if (/host key verification failed|identification has changed/i.test(message)) {
    return "ssh: handshake failed: ssh: host key mismatch";
  }
  const offer = /no matching host key type found\. Their offer: (\S+)/.exec(message)?.[1];
  return offer === undefined
    ? message
    : `ssh: handshake failed: ssh: no common algorithm for host key; peer offered: [${offer.replaceAll(",", " ")}]`;
}
