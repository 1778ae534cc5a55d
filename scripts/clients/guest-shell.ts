import { mkdirSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import { plainText } from "../../proxmox/api/plain-text";
import { type ProgramResult, runProgramFile } from "./run-program";

/** How to log in to guests. */
export interface GuestShellOptions {
  user: string;
  /** Private key's file. Absent: what the system's `ssh` chooses (its configuration, an agent). */
  identity?: string | undefined;
  /** The site's own file of host keys: a restored guest must not touch the user's. Made when missing. */
  knownHosts: string;
  /** 22 by default. */
  port?: number;
  /** Seconds for the connection. Default 5. */
  connectTimeout?: number;
}

/** A guest that could not be reached or did not do what was asked. The message is one plain line. */
export class GuestUnreachable extends Error {
  override readonly name = "GuestUnreachable";
}

/**
 * Runs commands in guests through the system's `ssh`, which honours the user's configuration, agents and jump hosts.
 * Nothing is ever asked (`BatchMode`); a host key that is new is noted, one that has changed is refused.
 */
export class GuestShell {
  constructor(private readonly options: GuestShellOptions) {}

  /** Proves that one can log in. @throws GuestUnreachable, ProgramMissing */
  async login(host: string, signal?: AbortSignal): Promise<void> {
    await this.require(host, "true", signal);
  }

  /** Runs a command that must succeed, and gives its output. @throws GuestUnreachable, ProgramMissing */
  async require(host: string, command: string, signal?: AbortSignal): Promise<string> {
    const result = await this.run(host, command, signal);
    if (result.code === 0) return result.stdout;
    const last = plainText(result.stderr.trim().split("\n").at(-1) ?? "");
    const printed = last === "" ? `exit code ${String(result.code)}` : last;
    const why = result.timedOut ? "no answer in time" : printed;
    throw new GuestUnreachable(`ssh ${this.options.user}@${host}: ${why}${this.changedKeyHint(host, result.stderr)}`);
  }

  /**
   * Runs a command.
   *
   * @param command is read by the guest's shell: whatever is put into it is quoted with `shellQuote` first.
   * @returns exit code 255 where `ssh` itself failed.
   */
  run(host: string, command: string, signal?: AbortSignal, timeout = 60_000): Promise<ProgramResult> {
    mkdirSync(dirname(this.options.knownHosts), { recursive: true, mode: 0o700 });
    return runProgramFile("ssh", this.argv(host, command), { timeout, ...(signal === undefined ? {} : { signal }) });
  }

  private argv(host: string, command: string): string[] {
    const { user, identity, knownHosts, port, connectTimeout } = this.options;
    const settings = [
      "BatchMode=yes",
      "StrictHostKeyChecking=accept-new",
      `UserKnownHostsFile="${knownHosts}"`,
      "HashKnownHosts=no",
      `ConnectTimeout=${String(connectTimeout ?? 5)}`,
      "ServerAliveInterval=5",
      "ServerAliveCountMax=3",
      "LogLevel=ERROR",
      // A connection that is shared with the guest as it was before would prove nothing about the guest as it is.
      "ControlMaster=no",
      "ControlPath=none",
    ];
    const key = identity === undefined ? [] : ["-i", identity, "-o", "IdentitiesOnly=yes"];
    const options = settings.flatMap((setting) => ["-o", setting]);
    return ["-n", "-T", ...options, ...key, "-p", String(port ?? 22), "-l", user, "--", host, command];
  }

  private changedKeyHint(host: string, stderr: string): string {
    if (!/host key verification failed|identification has changed/iu.test(stderr)) return "";
    return ` (the guest shows another key than before; if that is right: ssh-keygen -R ${host} -f ${this.options.knownHosts})`;
  }
}

/** One echo request through the system's `ping`. @throws GuestUnreachable, ProgramMissing */
export async function ping(host: string, signal?: AbortSignal): Promise<void> {
  const options = { timeout: 5_000, ...(signal === undefined ? {} : { signal }) };
  const result = await runProgramFile("ping", ["-n", "-c", "1", "-W", "2", "--", host], options);
  if (result.code === 0) return;
  const printed = plainText(result.stderr.trim().split("\n").at(-1) ?? "");
  throw new GuestUnreachable(`ping ${host}: ${printed === "" ? "no answer" : printed}`);
}

/** Opens a TCP connection and closes it. @throws GuestUnreachable */
export async function connectTcp(host: string, port: number, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host, port, signal });
    const fail = (why: string): void => {
      socket.destroy();
      reject(
        signal?.aborted === true ? signal.reason : new GuestUnreachable(`port ${String(port)} of ${host}: ${why}`),
      );
    };
    socket.setTimeout(5_000, () => fail("no answer"));
    socket.once("error", (error) => fail("code" in error ? String(error.code) : error.message));
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
  });
}
