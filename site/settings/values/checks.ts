import type { Check, CommandCheck } from "../environment";
import { outputPattern } from "./output-pattern";
import { agentExecFormat, formatAgentExec, parseAgentExec } from "./agent-exec";

/** What a check looks like, for messages. */
export const checkFormat =
  'running, agent, ping, ssh, "tcp:PORT" such as "tcp:80", "http:PATH=STATUS" such as "http:8080/health=200", { command: "…" }' +
  `, or ${agentExecFormat}`;

/** Reads `running`, `agent`, `ping`, `ssh`, `tcp:80`, `http:/health=200`, `http:8080/health=200`, `{ agent-exec: … }`. */
export function parseCheck(raw: unknown): Exclude<Check, CommandCheck> | undefined {
  if (raw === "running" || raw === "agent" || raw === "ping" || raw === "ssh") return { kind: raw };
  return typeof raw === "string" ? (parseTcp(raw) ?? parseHttp(raw)) : parseAgentExec(raw);
}

function parseTcp(text: string): Exclude<Check, CommandCheck> | undefined {
  const port = parsePort(/^tcp:(\d+)$/u.exec(text)?.[1]);
  return port === undefined ? undefined : { kind: "tcp", port };
}

/** A path is sent as it is: it has no space, and nothing that a shell or a header would read as more than a path. */
function parseHttp(text: string): Exclude<Check, CommandCheck> | undefined {
  const [, digits, path = "", status] = /^http:(\d+)?(\/[\w./~%?&=+:,@-]*)=([1-5]\d\d)$/u.exec(text) ?? [];
  const port = digits === undefined ? 80 : parsePort(digits);
  return status === undefined || port === undefined ? undefined : { kind: "http", port, path, status: Number(status) };
}

function parsePort(digits: string | undefined): number | undefined {
  if (digits === undefined || !/^[1-9]\d{0,4}$/u.test(digits)) return undefined;
  const port = Number(digits);
  return port <= 65_535 ? port : undefined;
}

/** A check as the settings write it; of a command the command. */
export function formatCheck(check: Check): string {
  switch (check.kind) {
    case "tcp":
      return `tcp:${check.port}`;
    case "http":
      return `http:${check.port === 80 ? "" : check.port}${check.path}=${check.status}`;
    case "command":
      return check.command;
    case "agent-exec":
      return formatAgentExec(check);
    default:
      return check.kind;
  }
}

/** Why what a command has done is not what is expected of it; undefined: it is. */
export function whyCommandFails(
  { exit, output }: Pick<CommandCheck, "exit" | "output">,
  { code, printed }: { readonly code: number | undefined; readonly printed: string },
): string | undefined {
  if (code !== exit) return `it ended with ${code === undefined ? "a signal" : String(code)}, not with ${String(exit)}`;
  if (output === undefined) return undefined;
  const pattern = outputPattern(output);
  if (pattern !== undefined) return pattern.test(printed) ? undefined : `its output does not match ${output}`;
  return printed.includes(output) ? undefined : `its output does not contain '${output}'`;
}
