import { plainText } from "../../../proxmox/api/plain-text";
import type { Changes } from "./preview";

/** Past tenses of the summary of `pulumi up`, as the operations of a preview. */
const done: Readonly<Record<string, string>> = {
  created: "create",
  updated: "update",
  deleted: "delete",
  replaced: "replace",
  imported: "import",
};

/** The summary of `pulumi up` and its like: `    + 3 created`. */
export function readSummary(printed: string): Changes {
  const lines = printed.slice(printed.lastIndexOf("\nResources:")).split("\n");
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, count, what = ""] = /^ +(?:[+\-~=]+ ?)?(\d+) (\w+)$/u.exec(line) ?? [];
      const operation = done[what];
      return count === undefined || operation === undefined ? [] : [[operation, Number(count)]];
    }),
  );
}

/**
 * Errors that `pulumi` printed: those of the program and of resources, which stand indented below their resource, and its
 * own at the beginning of a line.
 */
export function readErrors(printed: string): string[] {
  const found: string[][] = [];
  let open: { lines: string[]; indent: number } | undefined;
  const from = printed.indexOf("\nDiagnostics:");
  for (const line of (from < 0 ? printed : printed.slice(from)).split("\n")) {
    const [, indent, text] = /^( *)error: (.*)$/u.exec(line) ?? [];
    if (indent !== undefined && text !== undefined) {
      open = { lines: [text], indent: indent.length };
      found.push(open.lines);
    } else if (open !== undefined && belongs(line, open.indent)) open.lines.push(line.slice(open.indent));
    else open = undefined;
  }
  const own =
    from < 0
      ? []
      : printed
          .slice(0, from)
          .split("\n")
          .flatMap((line) => /^error: (.*)$/u.exec(line)?.[1] ?? []);
  return [...new Set([...found.map((lines) => lines.join("\n").trim()), ...own])];
}

/** What follows an error goes on at its indentation, until another resource or message begins. */
function belongs(line: string, indent: number): boolean {
  return (
    line.startsWith(" ".repeat(indent)) &&
    line.trim() !== "" &&
    !/^ *(?:warning|info|debug): |^ {2}\S+ \(.*\):$/u.test(line)
  );
}

/** Who holds Pulumi's lock, as its error says. */
export interface ReportedLock {
  readonly owner: string;
  readonly hostname: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly since: string;
}

/** The locks that an error of `pulumi` tells of; empty when it is about something else. */
export function readLocks(errors: string): ReportedLock[] {
  if (!errors.includes("the stack is currently locked by")) return [];
  return [...errors.matchAll(/created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)/gu)].map(
    ([, owner = "", hostname = "", pid = "", since = ""]) => ({ owner, hostname, pid: Number(pid), since }),
  );
}

/** The addresses of what Pulumi refuses to delete, as its error names them. */
export function readProtected(errors: string): string[] {
  if (!/cannot be deleted\s+because it is protected/u.test(errors)) return [];
  const named = errors.matchAll(/resource "(urn:pulumi:[^"\s']+)" cannot be deleted\s+because it is protected/gu);
  return [...new Set([...named].map(([, urn = ""]) => urn))];
}

/** A line of `pulumi up` that tells what it is at: ` +  proxmoxve:index:Container web creating (3s)`. */
export function readProgress(line: string): string | undefined {
  const text = plainText(line).trim();
  const [, , type = "", name, what] = /^(\+\+?|~|-|\+-|-\+|=|><)? *(\S+:\S+) (\S+) (\w.*)$/u.exec(text) ?? [];
  if (name === undefined || what === undefined) return undefined;
  return `${type.split(/[:/]/u).at(-1) ?? type} ${name}: ${what.split(/ (?:error|warning): /u)[0] ?? what}`;
}

/** What gets a plugin that Pulumi misses: it fetches none by itself for Lifeboat, since a state could name what to fetch. */
export function missingPluginHint(text: string): string | undefined {
  if (!/no resource plugin '[^']+' found/u.test(text)) return undefined;
  return 'in Lifeboat\'s own folder: npm run toolchain && npm run -s toolchain -- --install-plugins "${PULUMI_HOME:-$HOME/.pulumi}"; then the same command again';
}
