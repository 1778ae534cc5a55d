import * as fc from "fast-check";
import { formatSavePointNotes, parseSavePointNotes, type SavePointRecord } from "../../../../site/restore/save-point";
import { nextRecord, readVerification, withVerification } from "../../../../site/restore/verification-record";

const sha256 = "a".repeat(64);
const whole = { time: 1_795_000_000, sha256, damage: undefined };

test("a record is read as it was written, among whatever notes, and again after a second one [G1]", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.option(fc.string({ minLength: 1 })), (notes, text) => {
      const damage = text === null || text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim() === "" ? undefined : text;
      const record = { time: 1_795_000_000, sha256: damage === undefined ? sha256 : undefined, damage };
      const again = withVerification(withVerification(notes, whole), record);
      expect(readVerification(again)).toMatchObject({ time: record.time, sha256: record.sha256 });
      expect(readVerification(again)?.damage === undefined).toBe(damage === undefined);
      expect(again.match(/^lifeboat verify /gmu)).toHaveLength(1);
      if (notes.trim() !== "") expect(again.startsWith(notes.replace(/\n+$/u, ""))).toBe(true);
    }),
  );
});

test("a save point's notes are still its own [G1, D6]", () => {
  const record: SavePointRecord = {
    version: 1,
    operation: "web-20261120T010000000",
    guest: "web",
    vmid: 101,
    node: "pve",
    kind: "lxc",
    source: "backup:backup/x",
    time: 1,
    wasRunning: true,
    volumes: {},
    jobs: [],
  };
  expect(parseSavePointNotes(withVerification(formatSavePointNotes(record), whole))).toEqual(record);
});

test("a sum is recorded once, of a whole archive, and never replaced by another [G1]", () => {
  const other = "b".repeat(64);
  const first = nextRecord(undefined, { sha256, damage: undefined }, 1);
  expect(first).toEqual({ time: 1, sha256, damage: undefined });
  const changed = nextRecord(first, { sha256: other, damage: undefined }, 2);
  expect(changed).toEqual({ time: 2, sha256, damage: expect.stringContaining("SHA-256") });
  expect(nextRecord(changed, { sha256: other, damage: undefined }, 3).sha256).toBe(sha256);
  // Read again, it is as it was: it was the reading that failed.
  expect(nextRecord(changed, { sha256, damage: undefined }, 3)).toEqual({ time: 3, sha256, damage: undefined });
  // What was damaged when it was first seen has no sum that could be right.
  const damaged = nextRecord(undefined, { sha256: other, damage: "it is cut off" }, 1);
  expect(damaged).toEqual({ time: 1, sha256: undefined, damage: "it is cut off" });
  expect(nextRecord(damaged, { sha256, damage: undefined }, 2)).toEqual({ time: 2, sha256, damage: undefined });
});

test.each([
  "lifeboat verify",
  "lifeboat verify yesterday whole",
  `lifeboat verify 2026-11-20T01:00:00Z sha256:${"z".repeat(64)} whole`,
  "I ran lifeboat verify 2026-11-20T01:00:00Z whole",
])("what only looks like a record is none: %s [G1]", (notes) => expect(readVerification(notes)).toBeUndefined());

test("another archive's line that was copied there replaces no sum, hides no damage, and makes nothing younger [G1]", () => {
  const damaged = withVerification("", { time: 1_795_000_000, sha256, damage: "it is cut off" });
  const copied = withVerification("", { time: 1_796_000_000, sha256: "b".repeat(64), damage: undefined });
  expect(readVerification(`${damaged}\n${copied}`)).toEqual({ time: 1_795_000_000, sha256, damage: "it is cut off" });
  expect(readVerification(`${copied}\n${damaged}`)).toMatchObject({ time: 1_795_000_000, damage: "it is cut off" });
});
