import { isDeepStrictEqual } from "node:util";
import { basename } from "node:path";
import { isScalar, parseDocument } from "yaml";
import { isMapping } from "../../site/settings/schema-tools";
import type { NodeMapping } from "../../site/replaced-node/node-mapping";
import { type SettingChange, settingChanges } from "../../site/replaced-node/settings-changes";
import { usageError } from "../terminal/command-error";
import type { SettingsEdit } from "./edit-settings";
import type { LoadedEnvironment } from "./environment";
import { parseYaml, readText } from "./yaml-file";
import { applyEdits, type Edit, InsertError, rangeOf } from "./yaml-places";

/** A settings file with the new names of a node and its storages. */
export interface RenamedSettings extends SettingsEdit {
  readonly changes: readonly SettingChange[];
}

/**
 * What a settings file is with the new names in it: everything else, comments among it, stays byte for byte. Nothing is written.
 * Undefined: it names nothing of the old node.
 *
 * @throws CommandError (2) when the file has not a form that can be edited
 */
export function proposeRenamed(
  { name, file }: Pick<LoadedEnvironment, "name" | "file">,
  mapping: NodeMapping,
): RenamedSettings | undefined {
  const before = readText(file);
  const content = parseYaml(before, file);
  const changes = settingChanges(isMapping(content) ? content["config"] : undefined, mapping);
  if (changes.length === 0) return undefined;
  try {
    return { environment: name, file, before, after: renameTexts(before, changes), changes };
  } catch (error) {
    if (!(error instanceof InsertError)) throw error;
    const lines = changes.map(({ path, from, to }) => `${path.join(".")}: ${from} becomes ${to}`);
    throw usageError(
      `${basename(file)} cannot be edited: ${error.message}`,
      `write by hand in ${file}: ${lines.join("; ")}; then the same command`,
    );
  }
}

/** @throws InsertError where a text does not stand where it is used, such as behind an alias */
export function renameTexts(text: string, changes: readonly SettingChange[]): string {
  const document = parseDocument(text);
  const edits = changes.map(({ path, to }): Edit => {
    const scalar = document.getIn(["config", ...path], true);
    const range = isScalar(scalar) ? rangeOf(scalar) : undefined;
    if (!isScalar(scalar) || range === undefined)
      throw new InsertError(`${path.join(".")} does not stand there itself`);
    return { from: range[0], to: range[1], text: scalar.type === "PLAIN" && isPlain(to) ? to : JSON.stringify(to) };
  });
  const edited = applyEdits(text, edits);
  const wanted: unknown = document.toJS();
  for (const { path, to } of changes) setAt(wanted, ["config", ...path], to);
  if (!isDeepStrictEqual(parseDocument(edited).toJS(), wanted)) {
    throw new InsertError("its form does not let names be changed without changing something else");
  }
  return edited;
}

/** YAML reads it as this very text. */
function isPlain(text: string): boolean {
  return /^[A-Za-z][\w./:-]*[\w]$/u.test(text) && parseDocument(text).toJS() === text;
}

function setAt(root: unknown, path: readonly (string | number)[], value: string): void {
  const last = path.at(-1);
  const parent = path.slice(0, -1).reduce<unknown>((found, key) => Reflect.get(Object(found), key), root);
  if (typeof parent === "object" && parent !== null && last !== undefined) Reflect.set(parent, last, value);
}
