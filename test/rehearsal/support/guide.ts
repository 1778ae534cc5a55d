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
  const blocks = [...text.matchAll(/```console\n([\s\S]*?)```/gu)].map(([, block = ""]) => block);
  const lines = blocks.flatMap((block) => block.split("\n"));
  return { text, commands: lines.flatMap((line) => (line.startsWith("$ ") ? [line.slice(2)] : [])) };
}
