/** What every installation in a guest needs of POSIX shell: words and files of a script that comes over standard input. */

/** For POSIX shells. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** The end of a text in a script; no line of a text may be this. */
const endOfFile = "end-of-lifeboat-file";

/**
 * Lines that write a text into a file, with one line break at its end.
 *
 * @param path as the shell reads it between double quotes: `$new/environment`
 */
export function writeFile(path: string, text: string): string {
  return [`cat >"${path}" <<'${endOfFile}'`, text.trimEnd(), endOfFile].join("\n");
}
