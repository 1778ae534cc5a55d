import { closeSync, constants, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { makePrivateFolder } from "../machine/durable-file";
import { shellQuote } from "../machine/shell-quote";

/** A host by name or address, and the port of its SSH server. */
interface SshHost {
  readonly host: string;
  readonly port: number;
}

/** What `ssh` makes of the key that a host shows: it knows it, has none for the host, or has another one. */
export type KeyVerdict = "known" | "unknown" | "another";

/** By what `ssh` prints where strict checking is asked for. It calls a key of another type than the known ones another key. */
export function keyVerdict(stderr: string): KeyVerdict {
  if (/^No \S+ host key is known for /mu.test(stderr)) return "unknown";
  return /host key verification failed|identification has changed/iu.test(stderr) ? "another" : "known";
}

/** The keys among lines of `ssh_host_*_key.pub`, each as `type base64`. */
export function publicKeysIn(text: string): string[] {
  return text.split("\n").flatMap((line) => /^(?:ssh|ecdsa)-[\w-]+ [\w+/]+=*/u.exec(line.trim())?.[0] ?? []);
}

/** Adds the keys of a host to the site's file. Other runs may add to it too. */
export function pinHostKeys(file: string, host: SshHost, keys: readonly string[]): void {
  makePrivateFolder(dirname(file));
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
  const handle = openSync(file, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
  try {
    writeSync(handle, keys.map((key) => `${entryOf(host)} ${key}\n`).join(""));
  } finally {
    closeSync(handle);
  }
}

/** What to do about a host that is refused: the fingerprint is compared by a person, and `ssh` records the key that it showed. */
export function howToRecord(
  file: string,
  user: string,
  target: SshHost,
  verdict: Exclude<KeyVerdict, "known">,
): string {
  const { host, port } = target;
  const forget = verdict === "another" ? `ssh-keygen -R ${shellQuote(entryOf(target))} -f ${shellQuote(file)} && ` : "";
  const options = `-p ${String(port)} -o StrictHostKeyChecking=ask -o HashKnownHosts=no`;
  const record = `ssh ${options} -o ${shellQuote(`UserKnownHostsFile="${file}"`)} ${shellQuote(`${user}@${host}`)} true`;
  return `compare the fingerprint that the next command shows with ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub on its console, then answer yes: ${forget}${record}`;
}

/** As `ssh` writes a host into its file. */
function entryOf({ host, port }: SshHost): string {
  return port === 22 ? host : `[${host}]:${String(port)}`;
}
