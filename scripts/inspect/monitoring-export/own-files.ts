import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { hasCode, messageOf } from "../../machine/error-code";
import { usageError } from "../../terminal/command-error";

/** Lists what the last export wrote, beside it. */
export const listName = ".lifeboat-export.json";

// A path that leads out of the folder is nobody's export.
const path = z.string().regex(/^(?:[\w-][\w.-]*\/)*[\w-][\w.-]*$/u);
const shape = z.object({ files: z.record(path, z.string()) });

/** What an export would do to a folder. */
export interface ExportPlan {
  readonly written: readonly string[];
  readonly unchanged: readonly string[];
  readonly removed: readonly string[];
  readonly left: readonly string[];
  /** Files in the way that no export wrote, or that somebody has changed since. */
  readonly strangers: readonly string[];
}

/** Looks at what is there. Nothing is written. @throws CommandError (2) */
export function planExport(folder: string, files: Readonly<Record<string, string>>): ExportPlan {
  const before = readList(folder);
  const there = (name: string): string | undefined => readText(join(folder, name));
  const isOwn = (name: string): boolean => {
    const text = there(name);
    return text === undefined || before[name] === digestOf(text);
  };
  const names = Object.keys(files);
  const unchanged = names.filter((name) => there(name) === files[name]);
  const others = names.filter((name) => !unchanged.includes(name));
  const old = Object.keys(before).filter((name) => !names.includes(name) && there(name) !== undefined);
  return {
    unchanged,
    written: others.filter(isOwn),
    strangers: others.filter((name) => !isOwn(name)),
    removed: old.filter(isOwn),
    left: old.filter((name) => !isOwn(name)),
  };
}

/** Text of {@link listName}. */
export function listOf(files: Readonly<Record<string, string>>): string {
  const digests = Object.entries(files).map(([name, text]) => [name, digestOf(text)]);
  return `${JSON.stringify({ files: Object.fromEntries(digests) }, null, 2)}\n`;
}

/** One that is not ours, or not whole, tells of no file: all of them are somebody's then. */
function readList(folder: string): Readonly<Record<string, string>> {
  const text = readText(join(folder, listName));
  if (text === undefined) return {};
  try {
    return shape.parse(JSON.parse(text)).files;
  } catch {
    return {};
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    if (hasCode(error, "ENOTDIR")) throw usageError(`${dirname(file)} is no folder`);
    throw usageError(`${file} cannot be read: ${messageOf(error)}`);
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
