import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import { commands } from "../../../../../scripts/commands/registry";
import { alertNames, ruleFiles } from "../../../../../site/monitoring/rules/rule-file";

const folder = resolve(__dirname, "../../../../../docs/runbooks/alerts");
const pages = readdirSync(folder).toSorted();
const textOf = (page: string): string => readFileSync(join(folder, page), "utf8");

const rulesShape = z.object({
  groups: z.array(
    z.object({
      rules: z.array(z.object({ alert: z.string().optional(), labels: z.object({ severity: z.string() }).optional() })),
    }),
  ),
});

/** Every alert once, as Prometheus is given it. */
function alerts(): { name: string; severity: string | undefined }[] {
  const text = ruleFiles({ backupAlerting: true })["lifeboat.rules.yml"] ?? "";
  const rules = rulesShape.parse(parse(text)).groups.flatMap((group) => group.rules);
  const severities = new Map(rules.map(({ alert = "", labels }) => [alert, labels?.severity]));
  return alertNames().map((name) => ({ name, severity: severities.get(name) }));
}

const fileOf = z.object({
  command: z.object({
    arguments: z.array(z.object({ required: z.boolean(), variadic: z.boolean().optional() })),
    options: z.array(z.object({ flags: z.string() })),
  }),
});

/** Command lines in a page: blocks that are set in, and words in a text. */
function linesOf(text: string): string[] {
  const blocks = text.split("\n").flatMap((line) => /^ {4,}(lifeboat .+)$/u.exec(line)?.[1] ?? []);
  const inText = [...text.matchAll(/`(lifeboat [^`]+)`/gu)].map(([, line = ""]) => line);
  return [...blocks, ...inText];
}

/** What is wrong with a command line; undefined: nothing. */
async function wrongIn(line: string): Promise<string | undefined> {
  const [, ...words] = line.split(" ");
  const entries = commands.filter((entry) => entry.words.every((word, index) => words[index] === word));
  const entry = entries.toSorted((a, b) => b.words.length - a.words.length)[0];
  if (entry === undefined) return `${line}: there is no such command`;
  // Its file is named by its words; what the registry says is for the bundle.
  const file: unknown = await import(`../../../../../scripts/commands/${entry.words.join("-")}`);
  const { command } = fileOf.parse(file);
  const rest = words.slice(entry.words.length);
  const options = command.options.map(({ flags }) => flags.split(" "));
  const unknown = rest.find((word) => word.startsWith("--") && !options.some(([flag]) => flag === word));
  if (unknown !== undefined) return `${line}: it has no ${unknown}`;
  const taken = rest.filter((word, index) => {
    const before = options.find(([flag]) => flag === rest[index - 1]);
    return !word.startsWith("--") && (before === undefined || before.length === 1);
  });
  const isVariadic = command.arguments.some(({ variadic }) => variadic === true);
  const needed = command.arguments.filter(({ required }) => required).length;
  const fits = taken.length >= needed && (isVariadic || taken.length <= command.arguments.length);
  return fits ? undefined : `${line}: it takes other words`;
}

test("every alert has its page, and every page its alert [C3]", () => {
  expect(pages).toEqual(
    alertNames()
      .map((name) => `${name}.md`)
      .toSorted(),
  );
});

test.each(pages)("%s says what it means, what to look at, what to do and when it clears [C3]", (page) => {
  const headings = textOf(page).match(/^#+ .+$/gmu);
  const name = page.replace(".md", "");
  expect(headings).toEqual([`# ${name}`, "## What to look at", "## What to do", "## When it clears"]);
});

test.each(pages)("%s names commands and flags that there are, and pages that there are [C3]", async (page) => {
  const text = textOf(page);
  const lines = linesOf(text);
  expect(lines.length).toBeGreaterThan(0);
  const wrong = await Promise.all(lines.map(wrongIn));
  expect(wrong.filter((one) => one !== undefined)).toEqual([]);
  for (const [, link = ""] of text.matchAll(/\]\(([^)]+)\)/gu)) {
    expect(readdirSync(dirname(resolve(folder, link)))).toContain(link.split("/").at(-1));
  }
});

test("a command or a flag that there is not is noticed [C3]", async () => {
  expect(await wrongIn("lifeboat mend prod")).toContain("no such command");
  expect(await wrongIn("lifeboat verify --everything")).toContain("it has no --everything");
  expect(await wrongIn("lifeboat backups")).toContain("it takes other words");
  expect(await wrongIn("lifeboat state return prod --keep local")).toBeUndefined();
});

describe("the guide of monitoring", () => {
  const guide = readFileSync(resolve(folder, "../../guides/monitoring.md"), "utf8");

  test("lists every alert with its severity and a link to its page [C3]", () => {
    const rows = [...guide.matchAll(/^\| \[(\w+)\]\(\.\.\/runbooks\/alerts\/(\w+)\.md\) .*\| (\w+) +\|$/gmu)];
    const listed = rows.map(([, name, page, severity]) => ({ name, page, severity }));
    const wanted = alerts().map(({ name, severity }) => ({ name, page: name, severity }));
    expect(listed.toSorted(byName)).toEqual(wanted.toSorted(byName));
  });

  test("names commands and flags that there are [C3]", async () => {
    const wrong = await Promise.all(linesOf(guide).map(wrongIn));
    expect(wrong.filter((one) => one !== undefined)).toEqual([]);
  });
});

function byName(a: { readonly name: string | undefined }, b: { readonly name: string | undefined }): number {
  return (a.name ?? "").localeCompare(b.name ?? "");
}
