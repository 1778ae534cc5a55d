import { isShrunk, usedShare } from "../../../site/health";

test("less than half of the backup before is suspicious, half is not, and a first backup never is [D2]", () => {
  expect([isShrunk(499, 1_000), isShrunk(500, 1_000), isShrunk(1, undefined), isShrunk(0, 0)]).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

test("a storage without numbers has no share", () => {
  expect([usedShare({ used: 80, total: 100 }), usedShare({}), usedShare({ used: 0, total: 0 })]).toEqual([
    0.8,
    undefined,
    undefined,
  ]);
});
