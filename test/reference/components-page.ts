import { readdirSync } from "node:fs";
import { join } from "node:path";
import { documentedTypes, type DocumentedMember, type DocumentedType } from "./doc-comments";
import { table } from "./markdown";

/**
 * The reference of the components: one section for each, with its arguments, what is inside them, and its outputs.
 *
 * @throws Error naming every class, argument or output without a doc comment.
 */
export function componentsPage(project: string): string {
  const folder = join(project, "components");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const page = new ComponentSections(
    files.sort().map((name) => [join("components", name), documentedTypes(join(folder, name))]),
  );
  const sections = page.all();
  if (page.missing.length > 0) throw new Error(`These have no doc comment: ${page.missing.join(", ")}`);
  return [
    "# Components",
    "",
    "Written by `npm run reference` from the doc comments in `components/`: change those, not this page.",
    "",
    "`Container`, `VirtualMachine`, `BackupStorage`, `BackupJob`, `RestoreFlow`, `PostgresBackup`, `MariaDbBackup`, `FilesBackup` and " +
      "`CommandBackup` are what `lifeboat/components` offers to programs of your " +
      "own: [Components in a program of your own](../guides/own-program.md). Their sizes, durations, addresses and schedules " +
      "are written as in the [settings](settings.md), and checked by the same schemas.",
    "",
    ...sections,
  ].join("\n");
}

class ComponentSections {
  readonly missing: string[] = [];
  private readonly types: ReadonlyMap<string, DocumentedType>;
  /** Names of types that have a section already. */
  private readonly shown = new Set<string>();

  /** @param files with their types, by their paths in the project */
  constructor(private readonly files: readonly (readonly [path: string, types: readonly DocumentedType[]])[]) {
    this.types = new Map(files.flatMap(([, types]) => types.map((type) => [type.name, type])));
  }

  all(): string[] {
    return this.files.flatMap(([path, types]) =>
      types
        .filter(({ bases }) => bases.some((base) => base.endsWith("ComponentResource")))
        .flatMap((type) => this.component(path, type)),
    );
  }

  private component(path: string, { name, text, members }: DocumentedType): string[] {
    if (text === "") this.missing.push(name);
    const args = this.membersOf(`${name}Args`);
    return [
      `## ${name}`,
      "",
      `\`${path}\``,
      "",
      text,
      "",
      ...(args.length === 0 ? [] : ["Arguments:", "", ...this.rows(`${name}Args`, args), ""]),
      ...(members.length === 0 ? [] : ["Outputs:", "", ...this.rows(name, members), ""]),
      ...this.inside(args),
    ];
  }

  /** Sections of the types that arguments are made of, where the first component that takes one stands. */
  private inside(args: readonly DocumentedMember[]): string[] {
    const names = args.flatMap(({ type }) => type.match(/\b[A-Z]\w*Args\b/gu) ?? []);
    return names.flatMap((name) => {
      const type = this.types.get(name);
      if (type === undefined || this.shown.has(name)) return [];
      this.shown.add(name);
      const members = this.membersOf(name);
      return [`### ${name}`, "", type.text, "", ...this.rows(name, members), "", ...this.inside(members)];
    });
  }

  /** Its own members, after those of what it extends. */
  private membersOf(name: string): DocumentedMember[] {
    const { bases = [], members = [] } = this.types.get(name) ?? {};
    return [...bases.flatMap((base) => this.membersOf(base)), ...members];
  }

  private rows(owner: string, members: readonly DocumentedMember[]): string[] {
    this.missing.push(...members.filter(({ text }) => text === "").map(({ name }) => `${owner}.${name}`));
    const rows = members.map(({ name, type, optional, text }) => [
      `\`${name}\`${optional ? "" : " (needed)"}`,
      `\`${type}\``,
      text,
    ]);
    return table(["name", "type", "meaning"], rows);
  }
}
