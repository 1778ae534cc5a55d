import { dataRestoreLine } from "../../../../site/data/restore-line";

test.each([
  ["postgres", "lifeboat restore database prod/db shop"],
  ["mariadb", "lifeboat restore database prod/db shop"],
  ["files", "lifeboat restore files prod/db shop"],
  ["command", "lifeboat data prod/db"],
] as const)("the command that restores data of the kind %s [H7]", (kind, expected) => {
  expect(dataRestoreLine("prod/db", { kind, name: "shop" })).toBe(expected);
});
