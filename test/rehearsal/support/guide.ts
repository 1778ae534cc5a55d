import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "./commands";

/** A guide of docs/guides and the commands in it. */
export interface Guide {
  readonly text: string;
  /** The lines of its console blocks that begin with `$`, in their order. */
  readonly commands: readonly string[];
}

/** @param name without its ending: `state` */
export function readGuide(name: string): Guide {
  const text = readFileSync(join(projectFolder, "docs/guides", `${name}.md`), "utf8");
  return { text, commands: blocksOf(text, "console").flatMap(commandsOf) };
}

/** The commands of each console block below a heading of the second level. */
export function commandsUnder(text: string, heading: string): string[][] {
  return blocksUnder(text, heading, "console").map(commandsOf);
}

/** The blocks of a language below a heading of the second level, in their order. */
export function blocksUnder(text: string, heading: string, language: string): string[] {
  const sections = text.split(/^## /mu);
  return blocksOf(sections.find((section) => section.startsWith(`${heading}\n`)) ?? "", language);
}

function blocksOf(text: string, language: string): string[] {
  return text
    .split(`\`\`\`${language}\n`)
    .slice(1)
    .map((rest) => rest.slice(0, rest.indexOf("```")));
}

function commandsOf(block: string): string[] {
  return block.split("\n").flatMap((line) => (line.startsWith("$ ") ? [line.slice(2)] : []));
}
