import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { usageError } from "../terminal/command-error";

/**
 * Reads one YAML file.
 *
 * @throws CommandError (2) that names file, line and column of everything that is wrong: what is no YAML, and keys that
 *   stand twice (the second would silently win).
 */
export function readYamlFile(file: string): unknown {
  return parseYaml(readText(file), file);
}

/** Reads the text of a YAML file. @throws CommandError (2), as {@link readYamlFile} does */
export function parseYaml(text: string, file: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true });
  if (document.errors.length > 0) {
    const found = document.errors.map((error) => {
      const { line, col } = lineCounter.linePos(error.pos[0]);
      return `line ${String(line)}, column ${String(col)}: ${sentence(error.code, error.message)}`;
    });
    throw usageError(`${basename(file)} is not valid YAML: ${found.join("; ")}`, `edit ${file}`);
  }
  // No aliases that grow without limit: settings are data from a repository.
  return document.toJS({ maxAliasCount: 100 });
}

function sentence(code: string, message: string): string {
  return code === "DUPLICATE_KEY" ? "this key stands twice" : message;
}

/** The text of a file. @throws CommandError (2) */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
