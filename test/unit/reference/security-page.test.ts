import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { testsOfProject } from "../../reference/tagged-tests";

test("every test that the page of stolen secrets names is there [N1]", () => {
  const project = resolve(__dirname, "../../..");
  const page = readFileSync(resolve(project, "docs/reference/security.md"), "utf8");
  const named = [...page.matchAll(/"([^"$\n]+)"/gu)].map(([, title = ""]) => title);
  const titles = new Set(testsOfProject(project).map(({ title }) => title));
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((title) => !titles.has(title))).toEqual([]);
  const rows = page.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| ---"));
  const untried = rows.slice(1).filter((row) => !(row.split("|").at(-2) ?? "").includes('"'));
  expect([rows.length > 10, untried]).toEqual([true, []]);
});

test("the page for a rotation in peace has the tried lines of the page of stolen secrets, and names their tests [N1, K1]", () => {
  const project = resolve(__dirname, "../../..");
  const [tried = "", page = ""] = ["reference/security.md", "guides/rotate.md"].map((name) =>
    readFileSync(resolve(project, "docs", name), "utf8"),
  );
  const blocks = [...page.matchAll(/```sh\n[^]*?```/gu)].map(([block]) => block);
  expect(blocks).toHaveLength(4);
  expect(blocks.filter((block) => !tried.includes(block))).toEqual([]);
  const titles = new Set(testsOfProject(project).map(({ title }) => title));
  const named = [...page.matchAll(/^Tried by: "([^"\n]+)"\.$/gmu)].map(([, title = ""]) => title);
  expect([named.length, named.filter((title) => !titles.has(title))]).toEqual([5, []]);
});
