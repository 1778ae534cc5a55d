import { cpSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../../machine/child-process";
import { builtOnce } from "../images/built-once";
import type { Artifact } from "./artifacts";

/**
 * This machine's Node as its official archive has it, `<name>/bin/node`, without what comes with it: what a guest runs the exporter
 * by. Made once, kept in the user's cache.
 *
 * @param say receives one line before the work
 */
export async function nodeArchive(say: (line: string) => void): Promise<Artifact> {
  const folder = `node-${process.version}-linux-${process.arch}`;
  const name = `${folder}.tar.gz`;
  const build = async (file: string, temporary: string): Promise<void> => {
    const place = join(temporary, folder, "bin/node");
    mkdirSync(dirname(place), { recursive: true });
    cpSync(process.execPath, place, { dereference: true });
    await run("tar", [
      "--create",
      "--gzip",
      "--file",
      file,
      "--directory",
      temporary,
      "--owner=0",
      "--group=0",
      folder,
    ]);
  };
  const program = await builtOnce({ kind: "archives", name, recipe: [folder], build }, () =>
    say(`Packing ${folder} for guests (seconds, once)`),
  );
  return { program, name };
}
