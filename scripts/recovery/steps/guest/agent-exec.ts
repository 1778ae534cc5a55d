import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { AgentExecStatus } from "../../../../proxmox/api/answers";
import type { GuestAddress } from "../../../../proxmox/api/calls/guests";
import type { ProxmoxClient } from "../../../../proxmox/api/client";
import { plainText } from "../../../../proxmox/api/plain-text";
import type { AgentExecCheck } from "../../../../site/settings/environment";
import { whyCommandFails } from "../../../../site/settings/values/checks";

/** Seconds that one attempt waits for its command. What still runs then cannot be ended through the agent. */
const longest = 60;

/** Milliseconds between two looks. */
const pause = 500;

/** Has the guest agent run the command once. @throws Error with the reason when it is not what the check wants */
export async function proveByCommand(
  { guests }: Pick<ProxmoxClient, "guests">,
  check: AgentExecCheck,
  target: GuestAddress,
  signal: AbortSignal,
): Promise<void> {
  const { command } = check;
  const pid = await guests.agentExec(target, typeof command === "string" ? ["/bin/sh", "-c", command] : command);
  const deadline = performance.now() + longest * 1_000;
  for (;;) {
    const status = await guests.agentExecStatus(target, pid);
    if (status.exited) return requireWanted(check, status);
    if (performance.now() > deadline) throw new Error(`the command still runs after ${longest} s (process ${pid})`);
    await sleep(pause, undefined, { signal });
  }
}

function requireWanted(check: AgentExecCheck, status: AgentExecStatus): void {
  const { exitcode: code } = status;
  const why = whyCommandFails(check, { code, printed: textOf(status["out-data"]) });
  if (why === undefined) return;
  const cut = status["out-truncated"] === true ? " (the agent did not keep all of it)" : "";
  throw new Error(`${why}${saying(status)}${cut}`);
}

/** Its last words. */
function saying(status: AgentExecStatus): string {
  const lines = [...linesOf(status["out-data"]), ...linesOf(status["err-data"])];
  const last = lines.at(-1);
  return last === undefined ? "" : `: ${shown(last)}`;
}

function linesOf(data: string | undefined): string[] {
  return textOf(data)
    .split("\n")
    .filter((line) => line.trim() !== "");
}

/** Proxmox hands out the bytes of the output as characters of the same numbers: a text in UTF-8 is put together again. */
function textOf(data = ""): string {
  const isBytes = [...data].every((character) => (character.codePointAt(0) ?? 0) < 256);
  return isBytes ? Buffer.from(data, "latin1").toString("utf8") : data;
}

function shown(text: string): string {
  const plain = plainText(text);
  return plain.length > 200 ? `${plain.slice(0, 200)}…` : plain;
}

/** As steps and journals name it: two commands may begin alike. */
export function agentExecId({ command, exit, output = "" }: AgentExecCheck): string {
  const text = JSON.stringify([command, exit, output]);
  return `agent-exec-${createHash("sha256").update(text).digest("hex").slice(0, 8)}`;
}

/** As people read it after "it" or "that". */
export function describeAgentExec({ command, exit, output }: AgentExecCheck): string {
  const words = typeof command === "string" ? command : command.join(" ");
  const says = output === undefined ? "" : ` and says ${shown(output)}`;
  return `its guest agent runs '${shown(words)}', which ends with ${exit}${says}`;
}
