import { requirementsPage } from "../../reference/requirements-page";
import { measurementsIn, taggedTests } from "../../reference/tagged-tests";

const file = "test/some.test.ts";

/** A source text with one test. Put together here, since the page of this project is written from titles such as this one. */
function titled(ids: string): string {
  return `test("Comes back [${ids}]", () => {});`;
}

function linesOf(page: string, id: string): string | undefined {
  return page
    .split("\n## ")
    .find((section) => section.startsWith(`${id}\n`))
    ?.trim()
    .split("\n")
    .at(-1);
}

test("a requirement is shown by the tests whose titles name it", () => {
  const page = requirementsPage(taggedTests(file, titled("D1, D4")), []);
  expect(linesOf(page, "D4")).toBe("- Comes back (`test/some.test.ts`)");
  expect(linesOf(page, "D3")).toBe("**Not shown**: no test shows it yet.");
});

test("a time is shown by a measurement that prints it", () => {
  const source =
    'await timed("L1", "restoring a container", () => restore());\nawait timed(\n  "L2",\n  "a state", work);';
  const page = requirementsPage([], measurementsIn("test/rehearsal/some.test.ts", source));
  expect(linesOf(page, "L1")).toBe("- measured: restoring a container (`test/rehearsal/some.test.ts`)");
  expect(linesOf(page, "L2")).toBe("- measured: a state (`test/rehearsal/some.test.ts`)");
  expect(linesOf(page, "L3")).toBe("**Not shown**: nothing measures it yet.");
});

test("what is not shown is counted and named first", () => {
  const page = requirementsPage(taggedTests(file, titled("D1")), []);
  expect(page).toMatch(
    /^1 of \d+ are shown\. Not shown: A1, .*, L1, L2, L3, L4, L5, L6, L7, L8, L9, L10, M1, M2, M4, N1, .*, N7\.$/mu,
  );
});

test.each([
  ["a test names what there is not", titled("D99"), ""],
  ["a title names a time", titled("D1, L1"), ""],
  ["a measurement names what there is not", "", 'timed("L99", "restoring", work);'],
  ["a measurement names what is no time", "", 'timed("D1", "restoring", work);'],
])("refused where %s", (_, title, call) => {
  const page = (): string => requirementsPage(taggedTests(file, title), measurementsIn(file, call));
  expect(page).toThrow(/^These name no requirement that they can show: test\/some\.test\.ts: (Comes back|restoring)$/u);
});
