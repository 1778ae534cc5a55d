import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { print } from "../../support/monitoring/browser";
import { chromium } from "../../support/monitoring/picture-programs";
import { RestoreSite } from "../restore/restore-site";

/** The break-glass file on paper, as a browser prints it. */
const browser = chromium();
let site: RestoreSite;

beforeAll(async () => {
  site = await RestoreSite.start([
    { id: 101, name: "web", withCache: true },
    { id: 102, name: "db" },
  ]);
});

afterAll(() => site.stop());

/** Pages of a kit that is written and printed. */
async function pagesOf(name: string, ...words: readonly string[]): Promise<number> {
  const [file, paper] = [join(site.folder, `${name}.html`), join(site.folder, `${name}.pdf`)];
  const { code, stderr } = await site.lifeboat(["kit", "--out", file, ...words], { asProcess: true });
  if (code !== 0) throw new Error(stderr);
  await print(browser ?? "", pathToFileURL(file).href, paper);
  const pdf = readFileSync(paper, "latin1");
  expect(pdf.slice(0, 5)).toBe("%PDF-");
  return [...pdf.matchAll(/\/Type\s*\/Page\b/gu)].length;
}

(browser === undefined ? describe.skip : describe)("a browser", () => {
  test("prints it on a handful of pages; the program that it carries is not printed [H7]", async () => {
    const pages = await pagesOf("settings-only");
    expect(pages).toBeGreaterThan(2);
    expect(pages).toBeLessThan(20);
    // A megabyte of base64 would be a thousand pages.
    expect(await pagesOf("with-program", "--with-program")).toBe(pages);
  });
});
