/**
 * A word as Proxmox prints it in its logs (PVE::Tools::shellquote, Perl's String::ShellQuote): in single quotes when it
 * holds more than plain characters. For display only: nothing here is ever run by a shell.
 */
export function shellQuote(word: string): string {
  return quote(word, /[^\w!%+,\-./:@^]/);
}

/** A command line: an equals sign needs quotes only in front of the first word that has none. */
export function commandLine(words: readonly string[]): string {
  let first = true;
  return words
    .map((word) => {
      if (word.includes("=") && first) return shellQuote(word);
      if (!word.includes("=")) first = false;
      return quote(word, /[^\w!%+,\-./:=@^]/);
    })
    .join(" ");
}

/** The command that stands in front of tar for an unprivileged container, so that it sees the container's own owners. */
export const USER_NAMESPACE = ["lxc-usernsexec", "-m", "u:0:100000:65536", "-m", "g:0:100000:65536", "--"] as const;

function quote(word: string, special: RegExp): string {
  if (word === "") return "''";
  if (!special.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`.replace(/^''/, "").replace(/''$/, "");
}
