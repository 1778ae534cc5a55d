import { type CopyMarker, formatMarker, parseMarker } from "../../../../site/state-copies/copy-marker";
import { isNewerThanCopy } from "../../../../site/state-copies/freshness";
import { movedSince } from "../../../../site/state-copies/moves";

const noon = Date.parse("2026-11-20T12:00:00.000Z");
const minute = 60_000;

const checkpoint = {
  object: ".pulumi/stacks/shop/prod.json",
  size: 10,
  sha256: "aa",
  modified: noon + 250,
  made: noon,
  pulumi: "v3.258.0",
};
const marker: CopyMarker = {
  version: 1,
  project: "shop",
  environment: "prod",
  time: noon + minute,
  by: "command",
  from: "s3://lifeboat-state-prod at https://192.0.2.132:9000",
  checkpoint,
  update: { kind: "update", result: "succeeded", ended: noon, message: "more memory" },
  duringUpdate: false,
};

describe("the text beside a copy", () => {
  test("is read as it was written [E6]", () => {
    expect(parseMarker(formatMarker(marker))).toEqual(marker);
  });

  test("of the copier in the container says less [E6]", () => {
    const text =
      '{"version":1,"project":"shop","environment":"prod","time":"2026-11-20T12:01:00Z","by":"timer","from":"s3://b",' +
      '"checkpoint":{"object":"o","size":3,"sha256":"aa","modified":"2026-11-20T12:00:00Z"},"duringUpdate":true}';
    expect(parseMarker(text)).toMatchObject({
      time: noon + minute,
      checkpoint: { modified: noon },
      duringUpdate: true,
    });
  });

  test.each(["", "{", "[]", '{"version":2}', formatMarker(marker).replace("prod", "").slice(0, 60)])(
    "is nothing when it is damaged: %j",
    (text) => expect(parseMarker(text)).toBeUndefined(),
  );
});

describe("whether the store is newer than a copy", () => {
  const seen = { modified: checkpoint.modified, size: 10, object: checkpoint.object };

  test.each([
    ["what was copied", seen, false],
    ["the copier knows whole seconds only", { ...seen, modified: noon }, false],
    ["written later", { ...seen, modified: noon + 1_000 }, true],
    ["written earlier: the store was brought back", { ...seen, modified: noon - minute }, false],
    ["written in the same second", { ...seen, size: 11 }, true],
    ["now compressed", { ...seen, object: `${checkpoint.object}.gz` }, true],
    ["the same, byte by byte, written later", { ...seen, sha256: "aa", modified: noon + minute }, false],
    ["another of the same second and size", { ...seen, sha256: "bb" }, true],
  ])("%s [E6]", (_, state, newer) => {
    expect(isNewerThanCopy(state, marker, noon + minute)).toBe(newer);
  });

  test("a copy of a time that is still to come is not newer because of it [A8]", () => {
    const future = { checkpoint: { ...checkpoint, modified: Date.parse("2099-01-01T00:00:00Z") } };
    expect(isNewerThanCopy(seen, future, noon)).toBe(true);
    expect(isNewerThanCopy({ ...seen, sha256: "aa" }, future, noon)).toBe(false);
    // It is the store's own clock that is ahead.
    expect(isNewerThanCopy({ ...seen, modified: future.checkpoint.modified }, future, noon)).toBe(false);
  });
});

test.each([
  ["base", "base", "neither"],
  ["changed", "base", "local"],
  ["base", "changed", "store"],
  ["changed", "other", "both"],
  ["changed", "changed", "neither"],
  ["base", undefined, "local"],
  ["changed", undefined, "local"],
] as const)("local %s and store %s since a fallback: moved is %s [E4]", (local, store, moved) => {
  expect(movedSince("base", local, store)).toBe(moved);
});
