import { measurementsIn, taggedTests } from "../../reference/tagged-tests";
import { requirementsPage } from "../../reference/requirements-page";
import { seedsPage } from "../../reference/seeds-page";
import { criteria, documents } from "../../support/criteria";

const file = "test/some.test.ts";

/** A source text with one test. Put together here, since the page of this project is written from titles such as this one. */
function titled(ids: string): string {
  return `test("Comes back [${ids}]", () => {});`;
}

const lineOf = (page: string, name: string): string | undefined =>
  page.split("\n").find((line) => line.startsWith(`| ${name} |`));

test("a criterion is shown by the tests whose titles name it beside requirements", () => {
  const page = seedsPage(taggedTests(file, titled("D1, 004 US1.1")), []);
  expect(lineOf(page, "US1.1")).toMatch(/\| Comes back \(`test\/some\.test\.ts`\) \|$/u);
  expect(lineOf(page, "US1.2")).toMatch(/\| \*\*not shown yet\*\* \|$/u);
});

test("one that is about a time is shown by what measures it, and one that nothing can show says why", () => {
  const page = seedsPage([], measurementsIn(file, 'timed("L1", "restoring", work);'));
  expect(lineOf(page, "CS-001")).toContain("measured: restoring");
  expect(lineOf(page, "AC5")).toContain("none: it is about the stories of another project");
});

test("what is not shown is counted and named first", () => {
  expect(seedsPage([], [])).toMatch(/^2 of 74 are shown or explained\. Not shown yet: 000 CA11\.1, /mu);
});

test("every criterion belongs to a document, once", () => {
  const ids = criteria.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(ids.map((id) => id.slice(0, 3)))).toEqual(new Set(Object.keys(documents)));
});

test("a criterion that no document has is refused, as a requirement is", () => {
  const tests = taggedTests(file, titled("004 US9.9"));
  expect(() => requirementsPage(tests, [])).toThrow("test/some.test.ts: Comes back");
});
