import { nearest } from "../../../../scripts/terminal/nearest";

test.each([
  ["wbe", ["db", "web", "app"], "web"],
  ["--jsno", ["--project", "--json", "--version"], "--json"],
  ["restor", ["restore", "rebuild"], "restore"],
  ["stauts", ["status", "state"], "status"],
  ["web", ["db", "guest", "snapshot", "state"], undefined],
  ["x", ["web", "db"], undefined],
  ["", ["web"], undefined],
  ["ab", [], undefined],
])("%j of %j means %j", (word, candidates, meant) => {
  expect(nearest(word, candidates)).toBe(meant);
});

test("of two that are near the nearer one is meant, and what is right is itself", () => {
  expect(nearest("web2", ["web", "web21", "web2"])).toBe("web2");
  expect(nearest("backpus", ["backup", "backups"])).toBe("backups");
});
