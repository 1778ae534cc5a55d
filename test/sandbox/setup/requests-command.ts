import { existsSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import type { Layout } from "./layout";

const requestLine = z.object({
  time: z.string(),
  node: z.string(),
  method: z.string(),
  path: z.string(),
  caller: z.string(),
  status: z.number(),
});

/** Prints the emulator's request log, or empties it. */
export function printRequests(layout: Layout, options: { json?: boolean; clear?: boolean }): void {
  const file = join(layout.server, "requests.ndjson");
  if (!existsSync(file)) return;
  if (options.clear === true) return truncateSync(file);
  const text = readFileSync(file, "utf8");
  process.stdout.write(options.json === true ? text : text.split("\n").filter(Boolean).map(readable).join(""));
}

function readable(line: string): string {
  const { time, node, method, path, caller, status } = requestLine.parse(JSON.parse(line));
  return `${time}  ${status}  ${node}  ${method.padEnd(6)} ${path}  ${caller}\n`;
}
