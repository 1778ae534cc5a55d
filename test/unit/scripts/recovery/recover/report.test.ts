import { lostWork } from "../../../../../scripts/recovery/recover/report";

const hour = 3_600;
const at = (hours: number): string => new Date(Date.UTC(2026, 10, 2) + hours * hour * 1_000).toISOString();

test.each([
  ["one run", 5 * hour, at(0), at(0), 5 * hour],
  ["a run that was cut off, and half an hour later the next", 5 * hour, at(0), at(0.5), 4.5 * hour],
  ["a run that nobody has ended, and three weeks later a new loss", 5 * hour, at(0), at(500), 5 * hour],
  ["a clock that was set back in between", 5 * hour, at(1), at(0), 5 * hour],
])("what a guest loses is counted from its archive to the loss: %s [H1]", (_, age, began, startedAt, lost) => {
  expect(lostWork(age, began, startedAt)).toBe(lost);
});
