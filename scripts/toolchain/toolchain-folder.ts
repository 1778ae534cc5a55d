import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import type { Cache, Copy } from "./cache";
import { linkOrCopy, replaceFile } from "./files";
import type { Part, Platform } from "./parts/part";
import { hashOfToolchain } from "./pins";
import { requireSafe } from "./safe-path";

/**
 * The folder of one set of pins: `bin/` with the tools, for PATH, and a list of all parts with where they are and where
 * they come from. What uses the toolchain reads this folder and needs to know nothing about how parts are obtained.
 */
export interface ToolchainPlace {
  readonly parts: readonly Part[];
  readonly cache: Cache;
  readonly platform: Platform;
}

const listSchema = z.object({
  parts: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(["tool", "plugin", "artifact"]),
      version: z.string(),
      origin: z.enum(["already installed", "official", "built from upstream", "stand-in"]),
      program: z.string(),
    }),
  ),
});

export type ListedPart = z.infer<typeof listSchema>["parts"][number];

function toolchainFolder({ parts, cache, platform }: ToolchainPlace): string {
  return path.join(cache.folder, hashOfToolchain(parts, platform));
}

export function binFolder(place: ToolchainPlace): string {
  return path.join(toolchainFolder(place), "bin");
}

/**
 * What the folder leads to; undefined where the toolchain was never complete.
 *
 * @throws UnsafePath where another user could have put something there, or where it leads to in the cache.
 */
export function readList(place: ToolchainPlace): readonly ListedPart[] | undefined {
  const file = listFile(place);
  requireSafe(file);
  if (!existsSync(file)) return undefined;
  const { parts } = listSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  for (const { kind, program, origin } of parts) {
    if (kind === "tool") requireSafe(path.join(binFolder(place), path.basename(program)));
    // What somebody else has installed is where its owner wants it, and on PATH already.
    if (origin !== "already installed") requireSafe(program);
  }
  return parts;
}

/** Whether the folder leads to exactly these copies. */
export function isPublished(place: ToolchainPlace, copies: readonly Copy[]): boolean {
  return JSON.stringify(readList(place)) === JSON.stringify(copies.map(list));
}

/** Makes the folder lead to these copies. Every link and the list change by a rename: readers see the old or the new. */
export function publish(place: ToolchainPlace, copies: readonly Copy[]): void {
  const bin = binFolder(place);
  mkdirSync(bin, { recursive: true });
  const tools = copies.filter((copy) => copy.part.kind === "tool");
  for (const { part, program, origin } of tools) {
    // Pulumi warns of a language host that is not beside the command, wherever links to the command are: so the cache's
    // own are real files here, and what somebody else installed keeps its neighbours by a symbolic link.
    const link = origin === "already installed" ? symlinkSync : linkOrCopy;
    replaceFile(path.join(bin, part.executable), (draft) => link(program, draft));
  }
  const wanted = new Set(tools.map((copy) => copy.part.executable));
  for (const name of readdirSync(bin).filter((name) => !wanted.has(name))) {
    rmSync(path.join(bin, name), { force: true });
  }
  const text = `${JSON.stringify({ parts: copies.map(list) }, null, 2)}\n`;
  replaceFile(listFile(place), (draft) => writeFileSync(draft, text));
}

function list({ part, version, origin, program }: Copy): ListedPart {
  return { name: part.name, kind: part.kind, version, origin, program };
}

function listFile(place: ToolchainPlace): string {
  return path.join(toolchainFolder(place), "toolchain.json");
}
