import type { Check } from "../environment";
import { agentExecFormat, formatAgentExec, parseAgentExec } from "./agent-exec";

/** What a check looks like, for messages. */
export const checkFormat = `running, agent, ping, ssh, "tcp:PORT" such as "tcp:80", or ${agentExecFormat}`;

/** Reads `running`, `agent`, `ping`, `ssh`, `tcp:80`, `{ agent-exec: … }`. */
export function parseCheck(raw: unknown): Check | undefined {
  if (raw === "running" || raw === "agent" || raw === "ping" || raw === "ssh") return { kind: raw };
  if (typeof raw !== "string") return parseAgentExec(raw);
  const [, digits] = /^tcp:([1-9]\d{0,4})$/.exec(raw) ?? [];
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? { kind: "tcp", port } : undefined;
}

/** A check as the settings write it. */
export function formatCheck(check: Check): string {
  if (check.kind === "agent-exec") return formatAgentExec(check);
  return check.kind === "tcp" ? `tcp:${check.port}` : check.kind;
}
