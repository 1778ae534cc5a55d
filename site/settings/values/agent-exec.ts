import type { AgentExecCheck } from "../environment";
import { outputPattern } from "./output-pattern";

/** What the check looks like, for messages. */
export const agentExecFormat = '{ agent-exec: "COMMAND", exit: 0, output: "TEXT" }';

/** Reads `{ agent-exec: "systemctl is-active nginx" }`, with or without `exit` and `output`. */
export function parseAgentExec(raw: unknown): AgentExecCheck | undefined {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return undefined;
  const { "agent-exec": command, exit = 0, output, ...others } = entriesOf(raw);
  if (!isCommand(command) || Object.keys(others).length > 0) return undefined;
  if (typeof exit !== "number" || !Number.isInteger(exit) || exit < 0 || exit > 255) return undefined;
  if (output !== undefined && (!isText(output) || output === "" || !isPattern(output))) return undefined;
  return { kind: "agent-exec", command, exit, ...(output === undefined ? {} : { output }) };
}

/** Between slashes it is an expression. */
function isPattern(output: string): boolean {
  try {
    outputPattern(output);
    return true;
  } catch {
    return false;
  }
}

function entriesOf(raw: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(raw));
}

function isCommand(value: unknown): value is string | readonly string[] {
  if (Array.isArray(value)) return value.length > 0 && value.every(isText) && value[0] !== "";
  return isText(value) && value.trim() !== "";
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= 4096 && !value.includes("\0");
}

/** The check as it is named: `agent-exec: systemctl is-active nginx`. */
export function formatAgentExec({ command }: AgentExecCheck): string {
  return `agent-exec: ${typeof command === "string" ? command : command.join(" ")}`;
}
