import type { ProxmoxClient } from "../../../proxmox/api/client";
import type { Check } from "../../../site/settings/environment";
import { lastLine, runOnNode } from "../../clients/guest-command";
import { GuestShell, type GuestShellOptions, GuestUnreachable } from "../../clients/guest-shell";
import { shellQuote } from "../../machine/shell-quote";
import { askedOfNode, requireEnd } from "../steps/guest/probe-guest";
import type { Candidate } from "./plan";

/** The ways to a copy that is on a bridge without any way out. */
export interface DrillWays {
  readonly client: ProxmoxClient;
  readonly bridge: string;
  /** SSH to the node of a copy; undefined: the settings have none, and only Proxmox itself can be asked. */
  readonly node: ((name: string) => Promise<{ readonly host: string; readonly access: GuestShellOptions }>) | undefined;
  /** How to log in to a copy, whose connection goes through this command. */
  readonly login: (candidate: Candidate, proxy: string) => GuestShellOptions;
}

/** Seconds that a network of an attempt lives at most, should nobody be left who ends it. */
const attemptSeconds = 60;

/** Printed when the network of an attempt is there: what fails before says nothing about the guest. */
const readyMark = "lifeboat-probe";

/** One attempt at a check on a copy. Rejects with the reason. */
export async function probeCopy(
  ways: DrillWays,
  candidate: Candidate,
  check: Check,
  signal: AbortSignal,
): Promise<void> {
  const { target, guest, address } = candidate;
  if (target === undefined) throw new Error("there is no copy");
  const asked = { name: guest, ...target, host: address?.host };
  if (await askedOfNode(ways.client, check, asked, signal)) return;
  if (ways.node === undefined) {
    throw new GuestUnreachable(
      "only the node reaches its bridge, and the settings have no SSH to it (lifeboat:proxmox.ssh)",
    );
  }
  const { host, access } = await ways.node(target.node);
  if (check.kind === "command") {
    requireEnd(check, await runOnNode(access, host, target, check.command, signal));
    return;
  }
  if (address === undefined) throw new GuestUnreachable("it has no fixed IPv4 address, and nothing gives it one there");
  const shell = new GuestShell(access);
  if (check.kind === "ssh") {
    // Its key has to be known to a connection that only passes through it.
    await shell.require(host, "true", signal);
    const tunnel = networkScript(ways.bridge, address.from, bash(tunnelTo(address.host)));
    await new GuestShell(ways.login(candidate, shell.proxyCommand(host, tunnel))).login(address.host, signal);
    return;
  }
  const script = networkScript(ways.bridge, address.from, `echo ${readyMark}; ${attemptOf(check, address.host)}`);
  const { code, stdout, stderr } = await shell.run(host, script, signal);
  const [before, said] = stdout.split(`${readyMark}\n`);
  if (said === undefined) {
    throw new GuestUnreachable(
      `it could not be asked on ${ways.bridge} of ${target.node}: ${lastLine(`${before ?? ""}${stderr}`)}`,
    );
  }
  if (check.kind === "http") requireStatus(check, said);
  else if (code !== 0) throw new GuestUnreachable(failureOf(check, address.host));
}

/** Ends with either side: one that stayed would keep its network, and with it the address that the next attempt needs. */
function tunnelTo(host: string): string {
  return `exec 3<>/dev/tcp/${host}/22 4<&0 || exit; cat <&3 & cat <&4 >&3 & wait -n; kill $(jobs -p) 2>/dev/null`;
}

function attemptOf(check: Check, host: string): string {
  if (check.kind === "ping") return `ping -n -c 1 -W 2 ${host} >/dev/null`;
  if (check.kind === "tcp") return `timeout 5 ${bash(`exec 3<>/dev/tcp/${host}/${String(check.port)}`)}`;
  if (check.kind !== "http") throw new Error(`No attempt is made at '${check.kind}' from outside.`);
  const lines = `GET ${check.path} HTTP/1.0\\r\\nHost: ${host}\\r\\nConnection: close\\r\\n\\r\\n`;
  const request = `printf %b ${shellQuote(lines.replaceAll("%", "%"))} >&3`;
  return `timeout 5 ${bash(`exec 3<>/dev/tcp/${host}/${String(check.port)} && ${request} && IFS= read -r line <&3 && printf "%s\\n" "$line"`)}`;
}

function requireStatus({ port, path, status }: Extract<Check, { kind: "http" }>, said: string): void {
  const answered = /^HTTP\/\d\.\d (\d{3})\b/u.exec(said)?.[1];
  if (answered === String(status)) return;
  const what = answered === undefined ? "no answer" : `answered ${answered}, not ${String(status)}`;
  throw new GuestUnreachable(`http port ${String(port)}, ${path}: ${what}`);
}

function failureOf(check: Check, host: string): string {
  return check.kind === "tcp" ? `port ${String(check.port)} of ${host}: no connection` : `ping ${host}: no answer`;
}

/**
 * A script for the node's shell: a network of its own with one card on the bridge and this address, in which a command runs. The
 * network is a process's: it is gone with it, card and all, however the script ends, and after a minute at the latest.
 */
export function networkScript(bridge: string, from: string, command: string): string {
  return `sh -c ${shellQuote(
    [
      "set -eu",
      `unshare --net sleep ${String(attemptSeconds)} </dev/null >/dev/null 2>&1 & keeper=$!`,
      `trap 'kill "$keeper" 2>/dev/null || :' EXIT`,
      "trap 'exit 143' HUP INT TERM",
      "looks=0",
      'while [ "$(readlink /proc/$keeper/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do looks=$((looks + 1)); [ $looks -lt 50 ]; sleep 0.1; done',
      "card=lifeboat$$",
      'ip link add "$card" type veth peer name probe netns "$keeper"',
      `ip link set "$card" master ${shellQuote(bridge)} up`,
      'inside() { nsenter --target "$keeper" --net "$@"; }',
      `inside ip address add ${shellQuote(from)} dev probe`,
      "inside ip link set probe up",
      `inside sh -c ${shellQuote(command)}`,
    ].join("\n"),
  )}`;
}

function bash(script: string): string {
  return `bash -c ${shellQuote(script)}`;
}
