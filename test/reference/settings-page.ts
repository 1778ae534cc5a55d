import { readdirSync } from "node:fs";
import { join } from "node:path";
import { settingsSchema } from "../../site/settings/settings-schema";
import { shapeOf, type Shape } from "../../site/settings/shape";
import { commentsOfLiteral, documentedTypes } from "./doc-comments";
import { table } from "./markdown";

/**
 * The reference of `Pulumi.<env>.yaml`. Keys and what they allow come from the schema; what they mean from the doc comment on
 * the schema's key, or else from the one on the field of that name in `environment.ts`, `guest.ts`, `state-store.ts`, or `monitoring.ts`.
 *
 * @throws Error naming every key that no comment explains.
 */
export function settingsPage(project: string): string {
  const meanings = new Meanings(join(project, "site/settings"));
  const sections = sectionsOf("lifeboat", shapeOf(settingsSchema), meanings, new Set());
  if (meanings.missing.length > 0) {
    throw new Error(`No doc comment explains these settings: ${meanings.missing.join(", ")}`);
  }
  return [
    "# Settings",
    "",
    "Written by `npm run reference` from the schema and its doc comments: change those, not this page.",
    "",
    "Every key stands in `Pulumi.<env>.yaml` below `config:`, in the namespace `lifeboat:`. `Pulumi.prod.yaml` is a complete " +
      "example. A key that is not listed here is an error, and all errors are told at once, each with its path.",
    "",
    ...sections,
  ].join("\n");
}

/** What an environment is, by its parts. */
const typeFiles = ["environment.ts", "guest.ts", "state-store.ts", "monitoring.ts"];

/** What keys mean, by the doc comments. */
class Meanings {
  readonly missing: string[] = [];
  private readonly schemaFiles: readonly string[];
  private readonly fields = new Map<string, Set<string>>();

  constructor(folder: string) {
    this.schemaFiles = readdirSync(folder)
      .filter((name) => name.endsWith("-schema.ts"))
      .map((name) => join(folder, name));
    const members = typeFiles.flatMap((name) => documentedTypes(join(folder, name))).flatMap((type) => type.members);
    for (const { name, text } of members) {
      if (text !== "") this.fields.set(name, (this.fields.get(name) ?? new Set()).add(text));
    }
  }

  of(path: string, key: string, keys: readonly string[]): string {
    const own = this.schemaFiles
      .map((file) => commentsOfLiteral(file, keys, path.split(".").at(-1) ?? "").get(key))
      .find((text) => text !== undefined);
    // Two fields of one name mean two things: the schema's key has to say which.
    const [field, ...others] = this.fields.get(key) ?? [];
    const found = own ?? (others.length === 0 ? field : undefined);
    if (found === undefined) this.missing.push(`${path}.${key}`);
    return found ?? "";
  }
}

/** @param told what has a section already: the same keys may stand at several places. */
function sectionsOf(path: string, shape: Shape, meanings: Meanings, told: Set<Shape>): string[] {
  switch (shape.kind) {
    case "mapping":
      return told.has(shape) ? [] : mappingSections(path, shape, meanings, told.add(shape));
    case "entries":
      return sectionsOf(`${path}.NAME`, shape.of, meanings, told);
    case "choice":
      return shape.of.flatMap((one) => sectionsOf(path, one, meanings, told));
    case "optional":
    case "list":
      return sectionsOf(path, shape.of, meanings, told);
    case "value":
      return [];
  }
}

function mappingSections(
  path: string,
  { keys }: Extract<Shape, { kind: "mapping" }>,
  meanings: Meanings,
  told: Set<Shape>,
): string[] {
  const names = [...keys.keys()];
  const rows = [...keys].map(([key, shape]) => [
    `\`${key}\`${shape.kind === "optional" ? "" : " (needed)"}`,
    allowedBy(shape),
    meanings.of(path, key, names),
  ]);
  const parent = path === "lifeboat" ? "lifeboat:" : `${path}.`;
  const below = [...keys].flatMap(([key, shape]) => sectionsOf(`${parent}${key}`, shape, meanings, told));
  return [`## \`${path}\`${variantOf(keys)}`, "", ...table(["key", "allowed", "meaning"], rows), "", ...below];
}

/** Several things may stand at one place: the key that has one word only tells them apart. */
function variantOf(keys: ReadonlyMap<string, Shape>): string {
  for (const key of ["kind", "type"]) {
    const shape = keys.get(key);
    if (shape?.kind === "value" && /^[\w-]+$/u.test(shape.allowed)) return ` with \`${key}: ${shape.allowed}\``;
  }
  return ["adopt", "bind", "service", "url", "file"]
    .filter((key) => keys.has(key))
    .map((key) => ` with \`${key}\``)
    .join("");
}

function allowedBy(shape: Shape): string {
  switch (shape.kind) {
    case "value":
      return shape.allowed;
    case "optional":
      return allowedBy(shape.of);
    case "list":
      return `a list of ${shape.noun}${shape.of.kind === "value" ? `: ${shape.of.allowed}` : ""}`;
    case "entries":
      return `names to ${shape.noun}: see below`;
    case "mapping":
      return "see below";
    case "choice":
      return shape.of.every(({ kind }) => kind === "value") ? shape.of.map(allowedBy).join("; or ") : "see below";
  }
}
