import { parseSettings } from "../../../../site/settings/parse-settings";
import { formatPath } from "../../../../site/settings/problem";
import { environmentOf, exampleSettings } from "../../../support/example-environment";

const key = `age1${"q".repeat(58)}`;

function problemsOf(kit: unknown): string[] {
  const parsed = parseSettings({ ...exampleSettings(), kit }, { environment: "prod" });
  return parsed.ok
    ? []
    : parsed.problems.map(({ path, message }) => `${formatPath(path).slice("lifeboat:".length)}: ${message}`);
}

test("a kit has a place, whom it is for, where secrets are kept, and whom to call; each may be left out [H7, A6]", () => {
  expect(environmentOf({ ...exampleSettings(), kit: {} }).kit).toEqual({ recipients: [], kept: {}, contacts: [] });
  const whole = { file: "kit.md.age", recipients: [key], kept: { passphrase: "the safe" }, contacts: ["Anna"] };
  expect(environmentOf({ ...exampleSettings(), kit: { ...whole, recipients: [key, key] } }).kit).toEqual(whole);
  expect(environmentOf(exampleSettings()).kit).toBeUndefined();
});

test.each([
  [{ file: "kit.pdf" }, ["kit.file: nobody can tell of what form the file is"]],
  [{ file: "kit.txt.age" }, ["kit.recipients: an encrypted file is for nobody"]],
  [{ file: "kit.txt", recipients: [key] }, ["kit.file: a file for recipients is not encrypted"]],
  [{ recipients: ["age1short"] }, ["kit.recipients[0]: not a recipient"]],
  [{ kept: { passphrase: "two\nlines" } }, ["kit.kept.passphrase: not a line of text"]],
])("%j is refused [H7, A6]", (kit, problems) => {
  expect(problemsOf(kit)).toEqual(problems);
});
