import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { shellQuote } from "../../machine/shell-quote";
import { lastLine } from "../guest-command";
import { GuestShell, type GuestShellOptions, GuestUnreachable } from "../guest-shell";
import type { StreamedProgram } from "../stream-program";

/** What a command in a guest has done. */
export interface GuestEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface GuestRunOptions {
  /** Milliseconds until it is given up. Default: a day, since a large database takes hours. */
  readonly timeout?: number;
  /** Told each line of its output as it comes, where the way tells them before the end. */
  readonly onLine?: (line: string) => void;
}

/** A command in a guest whose bytes come and go. */
export interface GuestStream {
  readonly program: StreamedProgram;
  /** How it ended. @throws GuestUnreachable where that is not known: the connection broke */
  end(): Promise<Omit<GuestEnd, "stdout">>;
}

/** A way into a guest. */
export interface GuestWay {
  /** `ssh root@192.0.2.101`, `pct exec 101 on 192.0.2.11`. */
  readonly name: string;
  /** Runs a command of POSIX shell. @throws GuestUnreachable where it is not known whether it was run */
  run(command: string, signal: AbortSignal, options?: GuestRunOptions): Promise<GuestEnd>;
  /** Undefined: this way carries no streams, since the guest agent keeps what a command prints, and only so much of it. */
  readonly open?: (command: string, signal: AbortSignal) => Promise<GuestStream>;
}

const day = 24 * 60 * 60 * 1_000;

/** How a command ended, as the last thing that it says: not every way tells the difference between it and itself. */
const endMark = "lifeboat-exit=";
const endPattern = new RegExp(`^([^]*?)\\n?${endMark}(\\d+)\\s*$`, "u");

function marked(command: string): string {
  return `( ${command}\n); code=$?; echo "${endMark}$code" >&2; exit $code`;
}

/** Over SSH to the guest itself. */
export function wayOverSsh(access: GuestShellOptions, host: string): GuestWay {
  return wayByShell(`ssh ${access.user}@${host}`, access, host, (script) => `sh -c ${shellQuote(script)}`);
}

/** By the node of a container, without the guest's network. @param access to the node */
export function wayByContainer(access: GuestShellOptions, node: string, vmid: number): GuestWay {
  const name = `pct exec ${String(vmid)} on ${node}`;
  return wayByShell(name, access, node, (script) => `pct exec ${String(vmid)} -- sh -c ${shellQuote(script)}`);
}

function wayByShell(name: string, access: GuestShellOptions, host: string, line: (script: string) => string): GuestWay {
  const shell = new GuestShell(access);
  return {
    name,
    run: async (command, signal, { timeout = day, onLine } = {}) => {
      const options = { timeout, ...(onLine === undefined ? {} : { onLine }) };
      const result = await shell.run(host, line(marked(command)), signal, options);
      if (result.timedOut) throw new GuestUnreachable(`${name}: no answer in time`);
      return { ...endOf(name, result.stderr), stdout: result.stdout };
    },
    open: async (command, signal) => {
      const program = await shell.open(host, line(marked(command)), signal);
      return { program, end: async () => endOf(name, (await program.ended).stderr) };
    },
  };
}

function endOf(name: string, stderr: string): { readonly code: number; readonly stderr: string } {
  const [, text = "", digits] = endPattern.exec(stderr) ?? [];
  if (digits === undefined) throw new GuestUnreachable(`${name}: ${lastLine(stderr)}`);
  return { code: Number(digits), stderr: text };
}

/** As `qm guest exec` and `qm guest exec-status` print it. */
const agentAnswer = z.object({
  pid: z.number().optional(),
  exited: z.union([z.number(), z.boolean()]).optional(),
  exitcode: z.number().optional(),
  "out-data": z.string().default(""),
  "err-data": z.string().default(""),
  "out-truncated": z.unknown().optional(),
});

/** Seconds between two looks at a command of the guest agent. */
const pause = 2;

/** By the node of a virtual machine and its guest agent, which carries texts and no streams. @param access to the node */
export function wayByAgent(access: GuestShellOptions, node: string, vmid: number): GuestWay {
  const name = `qm guest exec ${String(vmid)} on ${node}`;
  const shell = new GuestShell(access);
  const ask = async (line: string, signal: AbortSignal): Promise<z.infer<typeof agentAnswer>> => {
    const { stdout, stderr } = await shell.run(node, line, signal);
    try {
      return agentAnswer.parse(JSON.parse(stdout));
    } catch {
      throw new GuestUnreachable(`${name}: ${lastLine(stderr)}`);
    }
  };
  return {
    name,
    run: async (command, signal, { timeout = day } = {}) => {
      const until = performance.now() + timeout;
      const began = await ask(`qm guest exec ${String(vmid)} --synchronous 0 -- sh -c ${shellQuote(command)}`, signal);
      if (began.pid === undefined) throw new GuestUnreachable(`${name}: it told no process`);
      for (;;) {
        const status = await ask(`qm guest exec-status ${String(vmid)} ${String(began.pid)}`, signal);
        if (Number(status.exited ?? 0) === 1) return agentEnd(name, status);
        if (performance.now() > until) throw new GuestUnreachable(`${name}: no answer in time`);
        await sleep(pause * 1_000, undefined, { signal });
      }
    },
  };
}

function agentEnd(name: string, status: z.infer<typeof agentAnswer>): GuestEnd {
  if (status["out-truncated"] !== undefined) {
    throw new GuestUnreachable(`${name}: the guest agent did not keep all that the command printed`);
  }
  // Without a code a signal has ended it.
  return { code: status.exitcode ?? 255, stdout: status["out-data"], stderr: status["err-data"] };
}
