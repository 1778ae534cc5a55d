import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { format } from "prettier";
import { pages, type Page } from "./pages";

const project = resolve(__dirname, "../..");

/** Writes every page of `docs/reference/`; with `--check` it only names those that are out of date and ends with 3. */
async function main(words: readonly string[]): Promise<void> {
  const checking = words.includes("--check");
  for (const page of pages) {
    const written = await page.text(project);
    const text = page.plain === true ? written : await format(written, { parser: "markdown", printWidth: 120 });
    if (present(page) === text) continue;
    process.stdout.write(`${page.path} ${checking ? "is out of date: npm run reference" : "written"}\n`);
    if (checking) process.exitCode = 3;
    else write(page, text);
  }
}

function present({ path }: Page): string | undefined {
  const file = join(project, path);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function write({ path }: Page, text: string): void {
  const file = join(project, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

void main(process.argv.slice(2));
