import { get } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import { codeOf } from "../../proxmox/api/trust";
import { plainText } from "../../proxmox/api/plain-text";
import { makePrivateFolder } from "../machine/durable-file";
import { shellQuote } from "../machine/shell-quote";
import {
  fingerprintsOf,
  howToRecord,
  type KeyVerdict,
  keyVerdict,
  knownAs,
  knownHostKeys,
  onlyOwnFile,
  pinHostKeys,
  replaceHostKeys,
  shownFingerprint,
} from "./host-keys";
import { type ProgramOptions, type ProgramResult, runProgramFile } from "./run-program";
import { type StreamedProgram, streamProgram } from "./stream-program";

/** How a command is run; it has a minute unless something else is said. */
type RunOptions = Partial<Pick<ProgramOptions, "timeout" | "input" | "onLine">>;

/** How to log in to guests. */
export interface GuestShellOptions {
  user: string;
  /** Private key's file. Absent: what the system's `ssh` chooses (its configuration, an agent). */
  identity?: string | undefined;
  /** The site's own file of host keys: a restored guest must not touch the user's. Made when missing. */
  knownHosts: string;
  /** Name of the guest in that file, whatever its address. Default: the address and the port. */
  alias?: string | undefined;
  /** Lifeboat has just made or restored the guest: the first key that it shows is trusted, and recorded. */
  isNew?: boolean;
  /**
   * Host keys by an authenticated way, asked where the file has none: `type base64`. None: there is no such way.
   *
   * @throws GuestUnreachable with the reason
   */
  hostKeys?: ((signal?: AbortSignal) => Promise<readonly string[]>) | undefined;
  /** 22 by default. */
  port?: number;
  /** Seconds for the connection. Default 5. */
  connectTimeout?: number;
  /** Command whose standard input and output are the connection: `proxyCommand` of another shell. */
  proxy?: string;
}

/** A guest that could not be reached or did not do what was asked. The message is one plain line. */
export class GuestUnreachable extends Error {
  override readonly name = "GuestUnreachable";
}

/** Whoever answers is not known, or shows another key than before. */
export class HostKeyRefused extends GuestUnreachable {
  constructor(
    text: string,
    /** What to do, with the commands. */
    readonly mend: string,
  ) {
    super(`${text}; ${mend}`);
  }
}

/**
 * Runs commands in guests through the system's `ssh`, which honours the user's configuration, agents and jump hosts.
 * Nothing is ever asked (`BatchMode`). Host keys are pinned: the site's file decides; a host that it has no key for is
 * recorded by what an authenticated way says, or because it is new, and refused otherwise. Another key is refused, unless the
 * authenticated way says it.
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
    throw new GuestUnreachable(`ssh ${this.options.user}@${host}: ${why}`);
  }

  /**
   * Runs a command.
   *
   * @param command is read by the guest's shell: whatever is put into it is quoted with `shellQuote` first.
   * @returns exit code 255 where `ssh` itself failed.
   * @throws HostKeyRefused, ProgramMissing
   */
  async run(host: string, command: string, signal?: AbortSignal, options: RunOptions = {}): Promise<ProgramResult> {
    makePrivateFolder(dirname(this.options.knownHosts));
    const flags = options.input === undefined ? ["-n", "-T"] : ["-T"];
    const attempt = (checking: "yes" | "accept-new"): Promise<ProgramResult> =>
      runProgramFile("ssh", [...flags, ...this.argv(host, command, checking)], {
        timeout: 60_000,
        ...options,
        ...(signal === undefined ? {} : { signal }),
      });
    const first = await attempt("yes");
    const verdict = verdictOf(first);
    if (verdict === "known") return first;
    const unread = await this.pin(host, verdict, signal);
    if (unread !== undefined && (verdict === "another" || this.options.isNew !== true)) {
      throw this.refusal(host, verdict, first, unread);
    }
    const again = await attempt(unread === undefined ? "yes" : "accept-new");
    const outcome = verdictOf(again);
    if (outcome !== "known") throw this.refusal(host, outcome, again, "");
    return again;
  }

  /**
   * Starts a command whose bytes come and go. Whose key it is that answers is settled before.
   *
   * @throws GuestUnreachable, ProgramMissing
   */
  async open(host: string, command: string, signal: AbortSignal): Promise<StreamedProgram> {
    await this.login(host, signal);
    return streamProgram("ssh", ["-T", ...this.argv(host, command, "yes")], signal);
  }

  /** Records what the authenticated way says, which goes before what was known. @returns why it says nothing, where it does not */
  private async pin(host: string, verdict: KeyVerdict, signal: AbortSignal | undefined): Promise<string | undefined> {
    const { hostKeys, knownHosts } = this.options;
    try {
      const keys = (await hostKeys?.(signal)) ?? [];
      if (keys.length === 0) return "";
      const record = verdict === "another" ? replaceHostKeys : pinHostKeys;
      record(knownHosts, this.entry(host), keys);
      return undefined;
    } catch (error) {
      if (error instanceof GuestUnreachable) return ` (${error.message})`;
      throw error;
    }
  }

  private refusal(
    host: string,
    verdict: Exclude<KeyVerdict, "known">,
    { stderr }: ProgramResult,
    more: string,
  ): HostKeyRefused {
    const { user, knownHosts } = this.options;
    const shown = verdict === "another" ? shownFingerprint(stderr) : undefined;
    const known = fingerprintsOf(knownHostKeys(knownHosts, this.entry(host)));
    const both = shown === undefined ? "" : ` (${shown}, and ${known} is known)`;
    const what = verdict === "another" ? `another host key than before is shown${both}` : "its host key is not known";
    return new HostKeyRefused(
      `ssh ${user}@${host}: ${what}${more}`,
      howToRecord(knownHosts, user, this.entry(host), verdict),
    );
  }

  private entry(host: string) {
    const { port = 22, alias } = this.options;
    return { host, port, alias };
  }

  /** The command with which another shell connects through one on this host, for `proxy`. */
  proxyCommand(host: string, command: string): string {
    // Without `-n`: what it reads is the connection.
    return ["ssh", "-T", ...this.argv(host, command, "yes")].map(shellQuote).join(" ").replaceAll("%", "%%");
  }

  private argv(host: string, command: string, checking: "yes" | "accept-new"): string[] {
    const { user, identity, knownHosts, port, connectTimeout, proxy } = this.options;
    const settings = [
      "BatchMode=yes",
      `StrictHostKeyChecking=${checking}`,
      `UserKnownHostsFile="${knownHosts}"`,
      "HashKnownHosts=no",
      ...onlyOwnFile,
      // An address is no guest: copies have the original's, and another machine may have it tomorrow. Without one the entry is
      // named as well: the user's configuration may have a single name for many hosts.
      `HostKeyAlias=${knownAs(this.entry(host))}`,
      "CheckHostIP=no",
      `ConnectTimeout=${String(connectTimeout ?? 5)}`,
      "ServerAliveInterval=5",
      "ServerAliveCountMax=3",
      "LogLevel=ERROR",
      // A connection that is shared with the guest as it was before would prove nothing about the guest as it is.
      "ControlMaster=no",
      "ControlPath=none",
      ...(proxy === undefined ? [] : [`ProxyCommand=${proxy}`]),
      // What the user's configuration has for every host: a guest would reach others with the operator's keys meanwhile.
      "ForwardAgent=no",
      "ForwardX11=no",
      "ClearAllForwardings=yes",
      "Tunnel=no",
      "GSSAPIDelegateCredentials=no",
    ];
    const key = identity === undefined ? [] : ["-i", identity, "-o", "IdentitiesOnly=yes"];
    const options = settings.flatMap((setting) => ["-o", setting]);
    return [...options, ...key, "-p", String(port ?? 22), "-l", user, "--", host, command];
  }
}

/** What a run of `ssh` says about the host's key. */
function verdictOf({ code, stderr }: ProgramResult): KeyVerdict {
  return code === 255 ? keyVerdict(stderr) : "known";
}

/** One echo request through the system's `ping`. @throws GuestUnreachable, ProgramMissing */
export async function ping(host: string, signal?: AbortSignal): Promise<void> {
  const options = { timeout: 5_000, ...(signal === undefined ? {} : { signal }) };
  const result = await runProgramFile("ping", ["-n", "-c", "1", "-W", "2", "--", host], options);
  if (result.code === 0) return;
  const printed = plainText(result.stderr.trim().split("\n").at(-1) ?? "");
  throw new GuestUnreachable(`ping ${host}: ${printed === "" ? "no answer" : printed}`);
}

/** Asks for a path over HTTP and wants this status; where a redirection leads is not followed. @throws GuestUnreachable */
export async function askHttp(
  host: string,
  { port, path, status }: { readonly port: number; readonly path: string; readonly status: number },
  signal?: AbortSignal,
): Promise<void> {
  const where = `http://${host.includes(":") ? `[${host}]` : host}:${String(port)}${path}`;
  const fail = (why: string): GuestUnreachable => new GuestUnreachable(`${where}: ${why}`);
  await new Promise<void>((resolve, reject) => {
    // A connection of its own: one that is kept from before would prove nothing about the guest as it is.
    const request = get({ host, port, path, agent: false, signal, timeout: 5_000 });
    request.once("timeout", () => request.destroy(fail("no answer")));
    request.once("error", (error) => {
      if (signal?.aborted === true) reject(signal.reason);
      else reject(error instanceof GuestUnreachable ? error : fail(codeOf(error) ?? plainText(error.message)));
    });
    request.once("response", (answer) => {
      answer.destroy();
      const { statusCode } = answer;
      if (statusCode === status) resolve();
      else reject(fail(`answered ${String(statusCode)}, not ${String(status)}`));
    });
  });
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
