import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Part, Platform } from "./parts/part";

/** Folders of the project that decide what a part is. */
export const upstreamFolder = path.join(__dirname, "upstream");
export const standInFolder = path.join(__dirname, "stand-ins");

/** Raised when the same pins lead to another result: how parts are built, laid out or checked. */
const recipe = "1";

/**
 * A hash over everything that decides what a part is: its declaration, its Go module with go.sum, the source of its
 * stand-in. Twelve hexadecimal digits, for the name of a folder.
 */
export function hashOfPart(part: Part, platform: Platform): string {
  // How it is tried changes nothing of what it is; and the sum of a download is looked at for itself.
  const { trial: _trial, notice: _notice, onRequest: _onRequest, ...pins } = part;
  const hash = createHash("sha256");
  hash.update(JSON.stringify([recipe, platform, pins, part.official?.(platform)]));
  if (part.upstream) {
    hash.update(hashOfFolder(path.join(upstreamFolder, part.upstream.module)));
  }
  if (part.tree) {
    hash.update(hashOfFolder(path.join(upstreamFolder, part.tree.recipe)));
  }
  if (part.standIn) {
    hash.update(hashOfFolder(standInFolder));
  }
  return hash.digest("hex").slice(0, 12);
}

/** A hash over the pins of all parts. */
export function hashOfToolchain(parts: readonly Part[], platform: Platform): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    hash.update(`${part.name} ${hashOfPart(part, platform)}\n`);
  }
  return hash.digest("hex").slice(0, 12);
}

/** SHA-256 of a file, in hexadecimal digits. */
export function hashOfFile(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** A hash over the names and contents of all files below a folder. */
export function hashOfFolder(folder: string): string {
  const hash = createHash("sha256");
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
  for (const name of names) {
    const content = readFileSync(path.join(folder, name));
    hash.update(`${name} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}
