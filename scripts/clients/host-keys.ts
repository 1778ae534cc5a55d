import { closeSync, constants, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fingerprintOf, publicKeysIn } from "../../site/host-keys";
import { makePrivateFolder, writeDurably } from "../machine/durable-file";
import { shellQuote } from "../machine/shell-quote";
import { runProgramFile } from "./run-program";

/** A host by name or address, and the port of its SSH server. */
interface SshHost {
  readonly host: string;
  readonly port: number;
  /** What its keys are recorded under in place of both: an address may be another machine's tomorrow. */
  readonly alias?: string | undefined;
}

/** What `ssh` makes of the key that a host shows: it knows it, has none for the host, or has another one. */
export type KeyVerdict = "known" | "unknown" | "another";

/** By what `ssh` prints where strict checking is asked for. It calls a key of another type than the known ones another key. */
export function keyVerdict(stderr: string): KeyVerdict {
  if (/^No \S+ host key is known for /mu.test(stderr)) return "unknown";
  return /host key verification failed|identification has changed/iu.test(stderr) ? "another" : "known";
}

/** The key that `ssh` says it was shown in place of the known one: `SHA256:…`. */
export function shownFingerprint(stderr: string): string | undefined {
  return /key sent by the remote host is\s+(SHA256:[\w+/]+)/u.exec(stderr)?.[1];
}

/** Keys that the site's file has for a host. */
export function knownHostKeys(file: string, host: SshHost): string[] {
  if (!existsSync(file)) return [];
  const begin = `${knownAs(host)} `;
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line) => (line.startsWith(begin) ? publicKeysIn(line.slice(begin.length)) : []));
}

/** Milliseconds between two questions to a host whose server has not come up yet. */
const pause = 1_000;

/**
 * Keys of the types that can be pinned which whoever answers at an address shows. Nobody has logged in to it then.
 *
 * @param patience seconds to wait for an answer
 * @returns none where nobody answers, or shows such a key. @throws ProgramMissing
 */
export async function shownHostKeys(host: string, patience: number, signal?: AbortSignal): Promise<string[]> {
  const until = Date.now() + patience * 1_000;
  for (;;) {
    const argv = ["-T", "5", "-t", "ed25519,ecdsa", "--", host];
    const { stdout } = await runProgramFile("ssh-keyscan", argv, { timeout: 15_000, ...(signal && { signal }) });
    const keys = publicKeysIn(stdout.replace(/^\S+ /gmu, ""));
    if (keys.length > 0 || Date.now() > until) return keys;
    await sleep(pause, undefined, { signal });
  }
}

/** Adds the keys of a host to the site's file. Other runs may add to it too. */
export function pinHostKeys(file: string, host: SshHost, keys: readonly string[]): void {
  makePrivateFolder(dirname(file));
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  const handle = openSync(file, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
  try {
    writeSync(handle, keys.map((key) => `${knownAs(host)} ${key}\n`).join(""));
  } finally {
    closeSync(handle);
  }
}

/** Has the site's file know a host by these keys alone. */
export function replaceHostKeys(file: string, host: SshHost, keys: readonly string[]): void {
  makePrivateFolder(dirname(file));
  const begin = `${knownAs(host)} `;
  const before = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const others = before.filter((line) => line !== "" && !line.startsWith(begin));
  writeDurably(file, [...others, ...keys.map((key) => `${begin}${key}`), ""].join("\n"));
}

/** Who is told apart from whom: `SHA256:… or SHA256:…`. */
export function fingerprintsOf(keys: readonly string[]): string {
  return keys.map(fingerprintOf).join(" or ");
}

/** What the user's or the system's configuration could have vouch for a host besides the site's file. */
export const onlyOwnFile = [
  "GlobalKnownHostsFile=/dev/null",
  "VerifyHostKeyDNS=no",
  "NoHostAuthenticationForLocalhost=no",
  // A host would add keys of its own choice.
  "UpdateHostKeys=no",
] as const;

/** What to do about a host that is refused: the fingerprint is compared by a person, and `ssh` records the key that it showed. */
export function howToRecord(
  file: string,
  user: string,
  target: SshHost,
  verdict: Exclude<KeyVerdict, "known">,
): string {
  const { host, port } = target;
  const forget = verdict === "another" ? `ssh-keygen -R ${shellQuote(knownAs(target))} -f ${shellQuote(file)} && ` : "";
  const own = [`HostKeyAlias=${knownAs(target)}`, "StrictHostKeyChecking=ask", "HashKnownHosts=no", ...onlyOwnFile];
  const options = [`-p ${String(port)}`, ...own.map((option) => `-o ${shellQuote(option)}`)].join(" ");
  const record = `ssh ${options} -o ${shellQuote(`UserKnownHostsFile="${file}"`)} ${shellQuote(`${user}@${host}`)} true`;
  return `compare the fingerprint that the next command shows with ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub on its console, then answer yes: ${forget}${record}`;
}

/** As `ssh` writes a host into its file. */
export function knownAs({ host, port, alias }: SshHost): string {
  if (alias !== undefined) return alias;
  return port === 22 ? host : `[${host}]:${String(port)}`;
}
