import * as fc from "fast-check";
import { type Keep, parseKeep, planPrune } from "../../../../site/state/prune";
import type { ObjectRef } from "../../../../site/state/restore-points";

const place = { project: "shop", stack: "prod" };
const now = Date.parse("2026-11-20T10:00:00Z");
const day = 86_400_000;
const none: ReadonlySet<string> = new Set();

const nanosAt = (daysAgo: number): string => `${String(now - daysAgo * day)}000000`;
const object = (key: string, daysAgo = 0): ObjectRef => ({ key, size: 1, modified: now - daysAgo * day });
const stem = (daysAgo: number): string => `.pulumi/history/shop/prod/prod-${nanosAt(daysAgo)}`;
/** @param written days ago, where the clock of the machine that made it was off. */
const update = (daysAgo: number, written = daysAgo): ObjectRef[] => [
  object(`${stem(daysAgo)}.checkpoint.json`, written),
  object(`${stem(daysAgo)}.history.json`, written),
];
const copy = (daysAgo: number): ObjectRef => object(`.pulumi/backups/shop/prod/prod.${nanosAt(daysAgo)}.json`, daysAgo);
const saved = (daysAgo: number): ObjectRef => {
  const stamp = new Date(now - daysAgo * day).toISOString().replace(/[-:.]/gu, "");
  return object(`.lifeboat/points/shop/prod/${stamp}-before-0123456789.json`, daysAgo);
};

function keysOf(live: ObjectRef[], keep: string, spared: ReadonlySet<string> = none): string[] {
  const parsed = parseKeep(keep);
  if (parsed === undefined) throw new Error(`${keep} is nothing`);
  return planPrune(place, live, { keep: parsed, now, spared }).remove.map(({ key }) => key);
}

test.each<[string, Keep | undefined]>([
  ["30d", { kind: "age", seconds: 30 * 86_400 }],
  ["12w", { kind: "age", seconds: 12 * 7 * 86_400 }],
  ["50", { kind: "count", count: 50 }],
  ["0", undefined],
  ["0d", undefined],
  ["-1", undefined],
  ["many", undefined],
])("--keep %s is %j", (text, keep) => {
  expect(parseKeep(text)).toEqual(keep);
});

test("both halves of what is too old go, the entry first, with Pulumi's copies of that time", () => {
  const live = [...update(40), ...update(20), copy(40), copy(20), object(".pulumi/stacks/shop/prod.json")];
  expect(keysOf(live, "30d")).toEqual([`${stem(40)}.history.json`, `${stem(40)}.checkpoint.json`, copy(40).key]);
});

test("a number keeps the newest, and the copies from then on", () => {
  const live = [...update(3), ...update(2), ...update(1), copy(3), copy(2), copy(1)];
  expect(keysOf(live, "2")).toEqual([`${stem(3)}.history.json`, `${stem(3)}.checkpoint.json`, copy(3).key]);
  expect(keysOf(live, "3")).toEqual([]);
});

test("what Lifeboat saved stays for 30 days, whatever the rule says", () => {
  const live = [saved(31), saved(29), ...update(31), ...update(1)];
  expect(keysOf(live, "1d")).toEqual([`${stem(31)}.history.json`, `${stem(31)}.checkpoint.json`, saved(31).key]);
  expect(keysOf(live, "60d")).toEqual([]);
});

describe("a clock that was off does not decide", () => {
  test("one that is dated in the future stays, and counts as none of those that are kept", () => {
    const live = [...update(-400, 5), ...update(2), ...update(1)];
    expect(keysOf(live, "1")).toEqual(keysOf([...update(2), ...update(1)], "1"));
    expect(keysOf(live, "2")).toEqual([]);
  });

  test.each(["1", "1d"])("the one that was written last stays, although its name is the oldest (%s)", (keep) => {
    const live = [...update(400, 0), ...update(2), ...update(1)];
    expect(keysOf(live, keep).join()).toContain(stem(2));
    expect(keysOf(live, keep).join()).not.toContain(stem(400));
  });
});

test("what is spared is never removed, and nothing else is than what is old", () => {
  const days = fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(days, days, fc.constantFrom("1", "5", "10d", "50d"), (ages, kept, keep) => {
      const spared = new Set(kept.map(nanosAt));
      const removed = keysOf(
        ages.flatMap((age) => update(age)),
        keep,
        spared,
      );
      for (const age of kept) expect(removed.join()).not.toContain(nanosAt(age));
      const newest = Math.min(...ages);
      if (/^\d+$/u.test(keep)) expect(removed.join()).not.toContain(nanosAt(newest));
      const again = ages.flatMap((age) => update(age)).filter(({ key }) => !removed.includes(key));
      expect(keysOf(again, keep, spared)).toEqual([]);
    }),
  );
});
