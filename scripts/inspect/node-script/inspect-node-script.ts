import { resolve } from "node:path";
import type { NodeMapping } from "../../../site/replaced-node/node-mapping";
import { speaksOf, wantedNode } from "../../../site/replaced-node/wanted-node";
import { createExclusively } from "../../machine/exclusive-file";
import { messageOf } from "../../machine/error-code";
import { shellQuote } from "../../machine/shell-quote";
import type { CommandContext } from "../../project/context";
import { CommandError, usageError } from "../../terminal/command-error";
import { exitCodes } from "../../terminal/exit-codes";
import type { ValueOf } from "../../terminal/shapes";
import type { Inspection } from "../inspection";
import { findSaved, type SavedConfiguration } from "./find-saved";
import type { nodeScriptShape } from "./shape";
import { readSaved } from "./unpack-saved";
import { nodeScript } from "./write-script";

/** What is asked for. */
export interface NodeScriptWish {
  /** As it was called when its configuration was saved. */
  readonly node: string;
  /** Undefined: the new one has the same names. */
  readonly mapping: NodeMapping | undefined;
  /** `offsite`, or a file or folder on this machine; undefined: the guests that save it. */
  readonly from: string | undefined;
  readonly dump: string | undefined;
  readonly identity: string | undefined;
  /** The file that the script is written into; undefined: it is printed. */
  readonly out: string | undefined;
  /** The line that makes it again. */
  readonly command: string;
}

/**
 * What of a node itself its saved configuration has, as a script for the node that stands in for it. Nothing is run, and no node is
 * asked.
 *
 * @throws CommandError (1, 2, 10, 12, 13, 14)
 */
export async function inspectNodeScript(
  wish: NodeScriptWish,
  context: CommandContext,
): Promise<Inspection<ValueOf<typeof nodeScriptShape>>> {
  const { node, mapping, out, command } = wish;
  if (mapping !== undefined && !mapping.nodes.has(node)) {
    throw usageError(`--map says nothing of ${node}`, `name what it is called now: --map ${node}=NEW`);
  }
  const { files, what, unseen } = await savedOf(wish, context);
  const wanted = wantedNode(files, node, mapping);
  const script = nodeScript(wanted, { saved: what, command });
  const file = out === undefined ? null : resolve(context.io.workingDirectory, out);
  if (file !== null) write(file, script);
  return {
    value: { node, for: wanted.now, saved: what, file, unseen: [...unseen], script },
    print: (lines) => {
      if (file === null) lines.text(script.trimEnd());
      else lines.line(`Wrote ${file}, from ${what}.`);
    },
    exitCode: exitCodes.done,
    remark: (talk) => {
      for (const text of unseen) talk.warning(`not looked at, though it may be newer: ${text}`);
      const name = file ?? "FILE";
      if (file === null) talk.line("It is shown, and nothing was run. Into a file: add --out FILE");
      talk.hint(
        `read it, then as root on ${wanted.now}: sh ${shellQuote(name)}, which only looks; and sh ${shellQuote(name)} --apply`,
      );
    },
  };
}

async function savedOf(wish: NodeScriptWish, context: CommandContext): Promise<SavedConfiguration> {
  const { node, from, dump, identity } = wish;
  if (from === undefined || from === "offsite") {
    return findSaved({ node, offsite: from === "offsite", dump, identity }, context);
  }
  const path = resolve(context.io.workingDirectory, from);
  const files = await readSaved(path, identity);
  if (speaksOf(files, node) !== "not") return { files, what: path, unseen: [] };
  const names = nodesOf([...files.keys()], files.get("etc/hostname"));
  throw new CommandError(`${path} says nothing of ${node}`, {
    exitCode: exitCodes.nothing,
    hint: names.length === 0 ? "it names no node" : `name a node that it speaks of: ${names.join(", ")}`,
  });
}

function nodesOf(paths: readonly string[], hostname = ""): string[] {
  const members = paths.map((path) => /^etc\/pve\/nodes\/([^/]+)\//u.exec(path)?.[1] ?? "");
  return [...new Set([hostname.trim(), ...members])].filter((name) => name !== "").sort();
}

/** @throws CommandError (13) where there is a file already, (1) where none can be written */
function write(file: string, script: string): void {
  try {
    if (createExclusively(file, script, 0o700)) return;
  } catch (error) {
    throw new CommandError(`${file} cannot be written: ${messageOf(error)}`, { exitCode: exitCodes.failed });
  }
  throw new CommandError(`${file} is there already`, { exitCode: exitCodes.refused, hint: "name another file" });
}
