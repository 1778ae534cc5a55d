import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

/** Proxmox's published schema, which is not part of the project. */
const schemaFile = join(__dirname, "../../../../shared/pve-api/pve-9.2.flat.json");

export const isPublished = existsSync(schemaFile);

const property = z.object({
  type: z.string().optional(),
  optional: z.union([z.number(), z.string()]).optional(),
  enum: z.array(z.string()).nullish(),
  pattern: z.string().optional(),
  maxLength: z.number().optional(),
});

const operation = z.object({
  path: z.string(),
  method: z.string(),
  parameters: z.object({ properties: z.record(z.string(), property).optional() }),
});

/** What each verb of the two programs sends, and the parameters that its words before the options are. */
const verbs: readonly (readonly [string, string, string, readonly string[]])[] = [
  ["pveum role add", "POST", "/access/roles", ["roleid"]],
  ["pveum group add", "POST", "/access/groups", ["groupid"]],
  ["pveum user add", "POST", "/access/users", ["userid"]],
  ["pveum user modify", "PUT", "/access/users/{userid}", ["userid"]],
  ["pveum user token add", "POST", "/access/users/{userid}/token/{tokenid}", ["userid", "tokenid"]],
  ["pveum pool add", "POST", "/pools", ["poolid"]],
  ["pveum pool modify", "PUT", "/pools", ["poolid"]],
  ["pveum acl modify", "PUT", "/access/acl", ["path"]],
  ["pveum realm add", "POST", "/access/domains", ["realm"]],
  ["pvesm add", "POST", "/storage", ["type", "storage"]],
];

/** Why Proxmox would not take lines of its programs, by its schema: parameters that it has not, and values that it refuses. */
export function problemsOf(lines: readonly (readonly string[])[]): string[] {
  const published = z.array(operation).parse(JSON.parse(readFileSync(schemaFile, "utf8")));
  return lines.flatMap((line) => {
    const text = line.join(" ");
    const [verb, method, path, names] = verbs.find(([words]) => text.startsWith(`${words} `)) ?? [];
    if (verb === undefined || names === undefined) return [`${text}: no such line is known`];
    const known = published.find((one) => one.method === method && one.path === path)?.parameters.properties ?? {};
    const words = line.slice(verb.split(" ").length);
    const given = new Map(names.map((name, index) => [name, words[index] ?? ""]));
    for (let at = names.length; at < words.length; at += 2) {
      const option = words[at] ?? "";
      if (!option.startsWith("--")) return [`${text}: ${option} is no option`];
      given.set(option.slice(2), words[at + 1] ?? "");
    }
    const missing = Object.entries(known).filter(
      ([name, { optional }]) => Number(optional ?? 0) !== 1 && !given.has(name),
    );
    return [
      ...missing.map(([name]) => `${text}: ${name} is missing`),
      ...[...given].flatMap(([name, value]) => wrongIn(known[name], value).map((why) => `${text}: ${name} ${why}`)),
    ];
  });
}

function wrongIn(known: z.output<typeof property> | undefined, value: string): string[] {
  if (known === undefined) return ["is no parameter"];
  const { type, enum: choices, pattern, maxLength } = known;
  if (type === "boolean" && !/^[01]$/u.test(value)) return ["is no boolean"];
  if (type === "integer" && !/^\d+$/u.test(value)) return ["is no number"];
  if (choices !== undefined && choices !== null && !choices.includes(value)) return ["is none of its choices"];
  if (pattern !== undefined && !new RegExp(`^${pattern.replaceAll("(?^:", "(?:")}$`, "u").test(value))
    return ["has another form"];
  return maxLength !== undefined && value.length > maxLength ? ["is too long"] : [];
}
