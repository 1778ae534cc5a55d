/** What every installation in a guest needs of POSIX shell: words and files of a script that comes over standard input. */

/** For POSIX shells. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The end of a text in a script. */
const endOfFile = "end-of-lifeboat-file";

/**
 * Lines that write a text into a file, with one line break at its end; nothing at all of an empty one.
 *
 * @param path as the shell reads it between double quotes: `$new/environment`
 * @throws Error for a text with a line that would end it: the shell would run what stands behind
 */
export function writeFile(path: string, text: string): string {
  if (text.split("\n").includes(endOfFile)) throw new Error(`the text of ${path} has the line ${endOfFile}`);
  if (text.trimEnd() === "") return `: >"${path}"`;
  return [`cat >"${path}" <<'${endOfFile}'`, text.trimEnd(), endOfFile].join("\n");
}
