import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Copy } from "./cache";
import { replaceFile } from "./files";
import { hashOfFile } from "./pins";

/**
 * Puts an artifact into a folder as `<program>.<version>`, with `<file>.sha256` beside it in the form that sha256sum
 * reads: what a site's own web server needs to hand it to a guest. The folder is made where there is none.
 *
 * @returns the path of the artifact.
 */
export function handOver(copy: Copy, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = path.resolve(folder, `${copy.part.executable}.${copy.version}`);
  replaceFile(file, (draft) => copyFileSync(copy.program, draft));
  const sum = `${hashOfFile(file)}  ${path.basename(file)}\n`;
  replaceFile(`${file}.sha256`, (draft) => writeFileSync(draft, sum));
  return file;
}
