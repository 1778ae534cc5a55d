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

/**
 * Lines that write a file, which appears whole or not at all: whoever reads it meanwhile has the one before.
 *
 * @param folder on the disk of the file, for a moment, as the shell reads it between double quotes: `$new`
 * @param mode as `chmod` takes it
 */
export function putFile(folder: string, path: string, mode: string, text: string): string[] {
  return [writeFile(`${folder}/file`, text), `chmod ${mode} "${folder}/file"`, `mv "${folder}/file" ${path}`];
}

/** Settings that a program reads with `.`: assignments of a shell, every value quoted. */
export function assignments(values: Readonly<Record<string, string>>): string {
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value === "" ? "''" : quote(value)}`);
  return `# shellcheck shell=sh disable=SC2034\n# Written by Lifeboat: changes to this file are overwritten.\n${lines.join("\n")}\n`;
}
