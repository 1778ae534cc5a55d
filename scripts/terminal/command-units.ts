/** Programs whose command lines stand in what Lifeboat says. */
const programs: ReadonlySet<string> = new Set(
  (
    "age age-keygen apt apt-get aws cat cd chmod chown cp curl export git ip journalctl lifeboat ls mkdir mount mv node npm npx pct " +
    "proxmox-backup-manager psql pulumi pvecm pvenode pvesh pvesm pveum qm qmrestore rm rsync scp ssh ssh-keygen sudo systemctl tar " +
    "umount unset vzdump zfs zpool"
  ).split(" "),
);

/** Words with which a sentence goes on behind a command; none of them is ever a word of one. */
const prose: ReadonlySet<string> = new Set(
  (
    "a after again an and anew are as asks at because before brings but by does finds first for from gets gives goes has have if in " +
    "into is it its later lists makes may names needs of on once one only or prints puts reads removes runs says sees shows so takes " +
    "tells that the them then there these they this to too until waits was were when where which while who will with without writes you"
  ).split(" "),
);

/**
 * A text as what a line break may stand between: words, and whole command lines. Whoever copies a command that was broken
 * gets two.
 */
export function unbroken(text: string): string[] {
  const units: string[] = [];
  let command: "none" | "open" | "quoted" = "none";
  for (const word of text.split(" ")) {
    const goesOn = command === "quoted" || (command === "open" && !prose.has(word) && !word.startsWith("("));
    if (goesOn) units[units.length - 1] = `${units.at(-1) ?? ""} ${word}`;
    else units.push(word);
    if (goesOn || begins(word)) command = after(units.at(-1) ?? "");
    else command = "none";
  }
  return units;
}

/** A program, a variable for one, or flags that go together onto a line. */
function begins(word: string): boolean {
  return /^--[a-z]/u.test(word) || programs.has(word.replace(/^[('"`]/u, "")) || /^[A-Z][A-Z0-9_]*=\S/u.test(word);
}

function after(line: string): "none" | "open" | "quoted" {
  if (/(?:^|[\s=])(?:'[^']*|"[^"]*)$/u.test(line.replaceAll(/(?:^|(?<=[\s=]))(?:'[^']*'|"[^"]*")/gu, "")))
    return "quoted";
  return /[;,:]$|\w[.?)]$/u.test(line) ? "none" : "open";
}
