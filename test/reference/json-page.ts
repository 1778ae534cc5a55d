import type * as z from "zod";
import { commands } from "../../scripts/commands/registry";
import { planFrame, reportFrame, resumeShape } from "../../scripts/recovery/engine/shapes";
import { errorShape } from "../../scripts/terminal/error-shape";
import examples from "./json-examples.json";
import { table } from "./markdown";
import { type Member, membersOf } from "./shape-members";

/** What each command prints with `--json`, from the shapes that it declares. */
export async function jsonPage(): Promise<string> {
  const sections: string[] = [];
  for (const { words, load } of commands) {
    const { command } = await load();
    sections.push(...commandSection(words.join(" "), command.prints));
  }
  return [...introduction, ...frames(), ...sections].join("\n");
}

const introduction = [
  "# JSON",
  "",
  "Written by `npm run reference` from the shapes that the commands declare (`prints`): change those, not this page. Every " +
    "test of a command holds what it prints against them; a member that is not declared is an error.",
  "",
  "With `--json` a command prints one object a line on stdout: its result, or an error. Talk stays on stderr. The member " +
    "`message_type` is `result` or `error`. Times are numbers of seconds since 1970 by the node's clock, unless a member " +
    "says otherwise; durations are in seconds, sizes in bytes. The result of `lifeboat --version` has one member, `version`; help " +
    "is text.",
  "",
];

/** What is the same for all commands, once. */
function frames(): string[] {
  return [
    "## Errors",
    "",
    ...memberTable(membersOf(errorShape)),
    "",
    "## Plans, reports and what is half done",
    "",
    "A dry run prints `{ plan: … }`. Besides what the operation says itself, every plan has:",
    "",
    ...memberTable(frameMembers(planFrame)),
    "",
    "Every report of an operation has:",
    "",
    ...memberTable(frameMembers(reportFrame)),
    "",
    "Where there was nothing to do, the result has `changed: false`. A dry run of what is half done prints:",
    "",
    ...memberTable(membersOf(resumeShape)),
    "",
  ];
}

function frameMembers(frame: z.ZodRawShape): Member[] {
  return Object.entries(frame).flatMap(([name, schema]) => membersOf(schema, name));
}

function commandSection(words: string, shapes: Readonly<Record<string, z.ZodType>>): string[] {
  const named = Object.entries(shapes).filter(([, shape]) => shape !== resumeShape);
  if (named.length === 0) return [];
  return [`## lifeboat ${words}`, "", ...named.flatMap(([name, shape]) => shapeSection(words, name, shape))];
}

function shapeSection(words: string, name: string, shape: z.ZodType): string[] {
  const framed = new Set<unknown>([...Object.values(planFrame), ...Object.values(reportFrame)]);
  const members = membersOf(shape).filter(({ schemas }) => !schemas.some((schema) => framed.has(schema)));
  const example = new Map<string, unknown>(Object.entries(examples)).get(`${words}: ${name}`);
  return [
    `### ${words}: ${name}`,
    "",
    ...memberTable(members),
    "",
    ...(example === undefined ? [] : ["```json", JSON.stringify(example, undefined, 2), "```", ""]),
  ];
}

function memberTable(members: readonly Member[]): string[] {
  return table(
    ["member", "type", "meaning"],
    members.map(({ path, type, optional, meaning }) => [
      `\`${path}\`${optional ? " (may be absent)" : ""}`,
      type,
      meaning,
    ]),
  );
}
