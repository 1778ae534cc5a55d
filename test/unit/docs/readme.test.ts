import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { commands } from "../../../scripts/commands/registry";

const readme = readFileSync(join(resolve(__dirname, "../../.."), "README.md"), "utf8");

/** Commands that a person meets elsewhere first: in the text above the table, in a workflow, or beside the row of their first word. */
const elsewhere = ["completion", "preview comment", "backup snapshots"];

test("the README's table names every command, and none that is not there [K1]", () => {
  const table = /## The commands\n([^]*?)\n## /u.exec(readme)?.[1] ?? "";
  const cells = table.split("\n").map((row) => /^\| (`[^|]*)\|/u.exec(row)?.[1] ?? "");
  const named = cells.flatMap((cell) => [...cell.matchAll(/`lifeboat ([^`]+)`/gu)].map(([, words]) => words));
  const known = commands.map(({ words }) => words.join(" ")).filter((words) => !elsewhere.includes(words));
  expect([...named].sort()).toEqual([...known].sort());
});
