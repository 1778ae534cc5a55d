/**
 * The firewall files of Proxmox: cluster.fw, host.fw and VMID.fw (PVE::Firewall, generic_fw_config_parser and the writers
 * beside it). The text is the state: it goes into archives as it is, and what enforces rules reads the same.
 */
import { createHash } from "node:crypto";
import { withoutHostPrefix } from "../protocol/addresses";

export interface FirewallRule {
  type: "in" | "out" | "forward" | "group";
  /** `ACCEPT`, `DROP`, `REJECT`, or the name of a security group. */
  action: string;
  enable: number;
  /** `source`, `dest`, `proto`, `sport`, `dport`, `iface`, `log`, `macro`, `icmp-type`. */
  options: Map<string, string>;
  comment?: string;
}

export interface FirewallAlias {
  name: string;
  cidr: string;
  comment?: string;
}

export interface IpSetEntry {
  cidr: string;
  nomatch: boolean;
  comment?: string;
}

export interface IpSet {
  name: string;
  comment?: string;
  entries: IpSetEntry[];
}

export interface RuleGroup {
  group: string;
  comment?: string;
  rules: FirewallRule[];
}

export interface FirewallFile {
  options: Map<string, string>;
  aliases: FirewallAlias[];
  ipsets: IpSet[];
  rules: FirewallRule[];
  /** Security groups: in cluster.fw only. */
  groups: RuleGroup[];
}

/** Flags of a rule's line and the parameters that they stand for, in the order in which they are written. */
const ruleFlags = [
  ["iface", "i"],
  ["source", "source"],
  ["dest", "dest"],
  ["proto", "p"],
  ["dport", "dport"],
  ["sport", "sport"],
  ["log", "log"],
  ["icmp-type", "icmp-type"],
] as const;

export const ruleOptions: readonly string[] = [...ruleFlags.map(([name]) => name), "macro"];

export function parseFirewall(text: string): FirewallFile {
  const file: FirewallFile = { options: new Map(), aliases: [], ipsets: [], rules: [], groups: [] };
  let take: ((line: string, comment: string | undefined) => void) | undefined;
  for (const raw of text.split("\n")) {
    const { content, comment } = splitComment(raw);
    if (content === "") continue;
    take = sectionOf(file, content, comment) ?? take;
    if (!content.startsWith("[")) take?.(content, comment);
  }
  return file;
}

function splitComment(raw: string): { content: string; comment: string | undefined } {
  const start = raw.indexOf("#");
  if (start < 0) return { content: raw.trim(), comment: undefined };
  return { content: raw.slice(0, start).trim(), comment: raw.slice(start + 1).trim() };
}

/** Opens a section, and gives what reads its lines. */
function sectionOf(
  file: FirewallFile,
  line: string,
  comment: string | undefined,
): ((line: string, comment: string | undefined) => void) | undefined {
  const [, kind, name = ""] = /^\[(\w+)(?:\s+(\S+))?\]$/u.exec(line) ?? [];
  switch (kind?.toLowerCase()) {
    case "options":
      return (content) => void file.options.set(...pair(content, /:\s*/u));
    case "aliases":
      return (content, note) => {
        const [alias, cidr] = pair(content, /\s+/u);
        file.aliases.push({ name: alias, cidr: withoutHostPrefix(cidr), ...withComment(note) });
      };
    case "rules":
      return (content, note) => void file.rules.push(parseRule(content, note));
    case "ipset": {
      const set: IpSet = { name: name.toLowerCase(), entries: [], ...withComment(comment) };
      file.ipsets.push(set);
      return (content, note) => {
        set.entries.push({
          cidr: withoutHostPrefix(content.replace(/^!\s*/u, "")),
          nomatch: content.startsWith("!"),
          ...withComment(note),
        });
      };
    }
    case "group": {
      const group: RuleGroup = { group: name.toLowerCase(), rules: [], ...withComment(comment) };
      file.groups.push(group);
      return (content, note) => void group.rules.push(parseRule(content, note));
    }
    default:
      return undefined;
  }
}

function pair(line: string, separator: RegExp): [string, string] {
  const found = separator.exec(line);
  return found === null ? [line, ""] : [line.slice(0, found.index), line.slice(found.index + found[0].length)];
}

function withComment(comment: string | undefined): { comment?: string } {
  return comment === undefined || comment === "" ? {} : { comment };
}

function parseRule(line: string, comment: string | undefined): FirewallRule {
  const enable = line.startsWith("|") ? 0 : 1;
  const [direction = "", target = "", ...words] = line.replace(/^\|/u, "").trim().split(/\s+/u);
  const options = new Map<string, string>();
  const [, macro, action = target] = /^(.+)\((\w+)\)$/u.exec(target) ?? [];
  if (macro !== undefined) options.set("macro", macro);
  for (let index = 0; index < words.length; index += 2) {
    const name = ruleFlags.find(([, flag]) => `-${flag}` === words[index])?.[0];
    if (name !== undefined) options.set(name, words[index + 1] ?? "");
  }
  return { type: typeOf(direction), action, enable, options, ...withComment(comment) };
}

function typeOf(direction: string): FirewallRule["type"] {
  const type = direction.toLowerCase();
  return type === "in" || type === "out" || type === "forward" ? type : "group";
}

export function formatFirewall({ options, aliases, ipsets, rules, groups }: FirewallFile): string {
  const sections = [
    section("[OPTIONS]", [...options].map(([name, value]) => `${name}: ${value}`).sort()),
    section("[ALIASES]", aliases.map(({ name, cidr, comment }) => `${name} ${cidr}${note(comment)}`).sort()),
    ...[...ipsets]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(
        (set) =>
          `[IPSET ${set.name}]${note(set.comment)}\n\n${[...set.entries]
            .sort((a, b) => (a.cidr < b.cidr ? -1 : 1))
            .map(formatEntry)
            .join("")}`,
      ),
    section("[RULES]", rules.map(formatRule)),
    ...[...groups]
      .sort((a, b) => (a.group < b.group ? -1 : 1))
      .map(({ group, comment, rules: own }) => `[group ${group}]${note(comment)}\n\n${lines(own.map(formatRule))}`),
  ];
  return sections.filter((text) => text !== "").join("\n");
}

function section(heading: string, content: readonly string[]): string {
  return content.length === 0 ? "" : `${heading}\n\n${lines(content)}`;
}

function lines(content: readonly string[]): string {
  return content.map((line) => `${line}\n`).join("");
}

function note(comment: string | undefined): string {
  return comment === undefined || comment.trim() === "" ? "" : ` # ${comment}`;
}

function formatEntry({ cidr, nomatch, comment }: IpSetEntry): string {
  return `${nomatch ? "!" : ""}${cidr}${note(comment)}\n`;
}

function formatRule({ type, action, enable, options, comment }: FirewallRule): string {
  const macro = options.get("macro");
  // A group's line has its card and nothing else.
  const flags = type === "group" ? ruleFlags.filter(([name]) => name === "iface") : ruleFlags;
  const words = flags.flatMap(([name, flag]) => {
    const value = options.get(name);
    return value === undefined ? [] : [`-${flag} ${value}`];
  });
  const target = macro === undefined ? action : `${macro}(${action})`;
  return [`${enable === 0 ? "|" : ""}${type.toUpperCase()} ${target}`, ...words].join(" ") + note(comment);
}

type Plain = Readonly<Record<string, string | number | undefined>>;

/** What tells two versions of a list apart (PVE::Firewall, copy_list_with_digest). */
export function digestOf(entries: readonly Plain[]): string {
  const hash = createHash("sha1");
  for (const entry of entries) {
    for (const key of Object.keys(entry).sort()) {
      const value = entry[key];
      if (value !== undefined) hash.update(`${key}:${String(value)}\n`);
    }
  }
  return hash.digest("hex");
}
