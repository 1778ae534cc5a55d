import { plainText } from "../../proxmox/api/plain-text";
import { shellQuote } from "../machine/shell-quote";
import { agentOutput } from "./agent-output";
import { GuestShell, type GuestShellOptions, GuestUnreachable } from "./guest-shell";

/** What a command in a guest has done. */
export interface CommandEnd {
  /** Undefined: a signal ended it. */
  readonly code: number | undefined;
  /** What it printed, also as errors. */
  readonly printed: string;
}

/** Runs a command in a guest over SSH to it. @throws GuestUnreachable, ProgramMissing */
export async function runInGuest(
  access: GuestShellOptions,
  host: string,
  command: string,
  signal?: AbortSignal,
): Promise<CommandEnd> {
  const { code, stdout, stderr } = await new GuestShell(access).run(host, `sh -c ${shellQuote(command)}`, signal);
  if (code === 255) throw new GuestUnreachable(`ssh ${access.user}@${host}: ${lastLine(stderr)}`);
  return { code, printed: stdout + stderr };
}

/** How a command ended, at the end of what it printed: the ways into a guest do not all say it. */
const endMark = "lifeboat-exit=";
const endPattern = new RegExp(`^([^]*)\\n${endMark}(\\d+)\\n?$`, "u");

/**
 * Runs a command in a guest by its node, without the guest's network: `pct exec`, or the guest agent of a virtual machine.
 *
 * @param access to the node. @throws GuestUnreachable, ProgramMissing
 */
export async function runOnNode(
  access: GuestShellOptions,
  node: string,
  { type, vmid }: { readonly type: "lxc" | "qemu"; readonly vmid: number },
  command: string,
  signal?: AbortSignal,
): Promise<CommandEnd> {
  const script = `( ${command}\n) 2>&1; code=$?; echo; echo "${endMark}$code"`;
  const program = type === "lxc" ? "pct exec" : "qm guest exec";
  const result = await new GuestShell(access).run(node, `${program} ${vmid} -- sh -c ${shellQuote(script)}`, signal);
  const printed = type === "lxc" ? result.stdout : agentOutput(result.stdout);
  const [, text = "", digits] = endPattern.exec(printed) ?? [];
  if (digits === undefined) {
    const why = result.timedOut ? "no answer in time" : lastLine(result.stderr);
    throw new GuestUnreachable(`${program} ${vmid} on ${node}: ${why}`);
  }
  return { code: Number(digits), printed: text };
}

/** What was said last, for people. */
export function lastLine(text: string): string {
  const last = plainText(text.trim().split("\n").at(-1) ?? "");
  return last === "" ? "no answer" : last;
}
