import type { Check } from "../environment";

/** What a check looks like, for messages. */
export const checkFormat = 'running, agent, ping, ssh, or "tcp:PORT" such as "tcp:80"';

/** Reads `running`, `agent`, `ping`, `ssh`, `tcp:80`. */
export function parseCheck(raw: unknown): Check | undefined {
  if (raw === "running" || raw === "agent" || raw === "ping" || raw === "ssh") return { kind: raw };
  if (typeof raw !== "string") return undefined;
  const [, digits] = /^tcp:([1-9]\d{0,4})$/.exec(raw) ?? [];
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? { kind: "tcp", port } : undefined;
}

/** A check as the settings write it. */
export function formatCheck(check: Check): string {
  return check.kind === "tcp" ? `tcp:${check.port}` : check.kind;
}
