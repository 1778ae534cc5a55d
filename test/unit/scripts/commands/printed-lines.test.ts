import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "../../../../scripts/commands/frame/command";
import { commands, groups, type CommandEntry } from "../../../../scripts/commands/registry";

// Whatever a hint, a help or a page says to type is a command that there is, with flags that it has.
const root = resolve(__dirname, "../../../..");
const everyCommand = ["--project", "--json", "--quiet", "--verbose", "--help", "--version"];

interface Line {
  readonly place: string;
  readonly words: readonly string[];
}

/** Files below a folder. */
function filesOf(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
}

/** What a text says behind `lifeboat`, up to where a line to type ends. A value that the program puts in is `X`. */
function linesOf(place: string): Line[] {
  const text = readFileSync(join(root, place), "utf8").replace(/\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/gu, "X");
  return [...text.matchAll(/(?<=["'`( ]|\$ |^)lifeboat ([^"'`;|&<>\n]*)/gmu)].map(([, rest = ""]) => {
    const [line = ""] = rest.split(/[,:.)](?:\s|$)| {2,}|[…→\\]| (?:and|or|tells|shows) /u);
    return { place, words: line.trim().split(/\s+/u) };
  });
}

function named(...words: string[]): CommandEntry | undefined {
  return commands.find((entry) => entry.words.join(" ") === words.join(" "));
}

function commandOf([first = "", second = ""]: readonly string[]): CommandEntry | undefined {
  return named(first, second) ?? named(first);
}

/** Its declaration: the file that the registry names, which only the bundle finds by that name. */
async function declared({ words }: CommandEntry): Promise<Command> {
  const file: { command: Command } = await import(`../../../../scripts/commands/${words.join("-")}`);
  return file.command;
}

const lines = [
  ...["scripts", "site", "stacks", "components", "proxmox"].flatMap((folder) => filesOf(folder, ".ts")),
  ...filesOf("docs/guides", ".md"),
  ...filesOf("docs/runbooks", ".md"),
  "docs/README.md",
  "docs/reference/security.md",
  "README.md",
].flatMap(linesOf);
const firstWords = new Set(commands.map(({ words: [first] }) => first));
const isGroup = (word = ""): boolean => Object.hasOwn(groups, word);

test("each line that is printed or written names a command that there is [K1, K3]", () => {
  const meant = lines.filter(({ words: [first] }) => firstWords.has(first ?? ""));
  expect(meant.length).toBeGreaterThan(500);
  const unknown = meant.filter(({ words }) => commandOf(words) === undefined && words.length > 1 && isGroup(words[0]));
  expect(unknown).toEqual([]);
});

test("… with flags that it has [K1, K3]", async () => {
  const wrong: string[] = [];
  for (const { place, words } of lines) {
    const flags = words.flatMap((word) => /^\[?(--[a-z][a-z-]*)/u.exec(word)?.[1] ?? []);
    const entry = commandOf(words);
    if (flags.length === 0 || entry === undefined) continue;
    const { options } = await declared(entry);
    const known = [...everyCommand, ...options.map(({ flags: own }) => /--[a-z-]+/u.exec(own)?.[0] ?? "")];
    const unknown = flags.filter((flag) => !known.includes(flag));
    if (unknown.length > 0) wrong.push(`${place}: lifeboat ${words.join(" ")}: ${unknown.join(", ")}`);
  }
  expect(wrong).toEqual([]);
});
