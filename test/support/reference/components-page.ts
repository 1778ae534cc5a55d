import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { documentedTypes, type DocumentedMember, type DocumentedType } from "./doc-comments";
import { table } from "./markdown";

/**
 * The reference of the components: one section for each, with its arguments and outputs.
 *
 * @throws Error naming every class, argument or output without a doc comment.
 */
export function componentsPage(project: string): string {
  const folder = join(project, "components");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const missing: string[] = [];
  const sections = files.sort().flatMap((name) => sectionsOf(project, join(folder, name), missing));
  if (missing.length > 0) throw new Error(`These have no doc comment: ${missing.join(", ")}`);
  return [
    "# Components",
    "",
    "Written by `npm run reference` from the doc comments in `components/`: change those, not this page.",
    "",
    ...sections,
  ].join("\n");
}

function sectionsOf(project: string, file: string, missing: string[]): string[] {
  const types = documentedTypes(file);
  const args = new Map(types.map((type) => [type.name, type]));
  return types
    .filter(({ extendsComponent }) => extendsComponent)
    .flatMap((component) => {
      const { name, text, members } = component;
      const taken = args.get(`${name}Args`);
      missing.push(...undocumented(component), ...(taken === undefined ? [] : undocumented(taken)));
      return [
        `## ${name}`,
        "",
        `\`${relative(project, file)}\``,
        "",
        text,
        "",
        ...(taken === undefined ? [] : ["Arguments:", "", ...memberTable(taken.members), ""]),
        ...(members.length === 0 ? [] : ["Outputs:", "", ...memberTable(members), ""]),
      ];
    });
}

function undocumented({ name, text, members, extendsComponent }: DocumentedType): string[] {
  const own = extendsComponent && text === "" ? [name] : [];
  return [...own, ...members.filter((member) => member.text === "").map((member) => `${name}.${member.name}`)];
}

function memberTable(members: readonly DocumentedMember[]): string[] {
  const rows = members.map(({ name, type, optional, text }) => [
    `\`${name}\`${optional ? "" : " (needed)"}`,
    `\`${type}\``,
    text,
  ]);
  return table(["name", "type", "meaning"], rows);
}
