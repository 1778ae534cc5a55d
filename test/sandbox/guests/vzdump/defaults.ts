import { readFile } from "node:fs/promises";
import type { Node } from "../../model/site";

/** The node's own options of backups, by name. */
type VzdumpDefaults = ReadonlyMap<string, string>;

/** Reads `/etc/vzdump.conf`: `exclude-path: /srv/cache /var/spool` (PVE::VZDump, read_vzdump_defaults). */
export async function readDefaults(node: Node): Promise<VzdumpDefaults> {
  const text = await readFile(node.path("/etc/vzdump.conf"), "utf8").catch(() => "");
  const lines = text.split("\n").map((line) => /^\s*([a-z-]+)\s*:\s*(.*?)\s*$/u.exec(line));
  return new Map(lines.flatMap((found) => (found === null ? [] : [[found[1] ?? "", found[2] ?? ""]])));
}

/** Patterns of files that no backup of a container on the node holds, whatever its request says. */
export function excludedPaths(defaults: VzdumpDefaults): string[] {
  return (defaults.get("exclude-path") ?? "").split(/[\s;,]+/u).filter((path) => path !== "");
}
