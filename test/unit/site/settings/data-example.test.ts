import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { environmentOf } from "../../../support/example-environment";

const example = readFileSync(resolve(__dirname, "../../../../Pulumi.prod.yaml"), "utf8");

/** The example with a part of it made valid: from a line to the end of its comment. */
function withPart(text: string, first: string): string {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.trim() === `# ${first}`);
  expect(start).toBeGreaterThan(0);
  const length = lines.slice(start).findIndex((line) => !line.trimStart().startsWith("#"));
  const part = lines.slice(start, start + length).map((line) => line.replace("# ", ""));
  return [...lines.slice(0, start), ...part, ...lines.slice(start + length)].join("\n");
}

test("the example's data in guests can be used as they stand there [I1, I8]", () => {
  const recipient = `age1${"q".repeat(58)}`;
  const text = withPart(withPart(example, "lifeboat:data:"), "data:").replace("age1…", recipient);
  const { config } = parse(text) as { config: Record<string, unknown> };
  const settings = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.replace("lifeboat:", ""), value]),
  );
  const { guests } = environmentOf(settings);
  const db = guests.find(({ name }) => name === "db");
  expect(db?.data.map(({ name, kind, at, recipients }) => [name, kind, at, recipients])).toEqual([
    ["config", "files", "03:00", [recipient]],
    ["crm", "mariadb", "03:00", [recipient]],
    ["shop", "postgres", "03:00", [recipient]],
    ["vault", "command", "03:00", [recipient]],
  ]);
});
