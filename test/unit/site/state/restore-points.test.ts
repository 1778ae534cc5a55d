import * as fc from "fast-check";
import { choosePoint } from "../../../../site/state/choose-point";
import { changesText, parseHistoryEntry } from "../../../../site/state/history-entry";
import {
  candidatesOf,
  hasOrdinaryPoints,
  type ObjectRef,
  pointOf,
  type VersionRef,
} from "../../../../site/state/restore-points";
import { StateBuilder } from "../../../support/state/build-state";

const place = { project: "shop", stack: "prod" };
const at = Date.parse("2026-11-20T10:00:00Z");
const nanos = (minutes: number): string => `${String(at + minutes * 60_000)}000000`;

function object(key: string, more: Partial<ObjectRef> = {}): ObjectRef {
  return { key, size: 1, modified: at, ...more };
}

function version(key: string, id: string, more: Partial<VersionRef> = {}): VersionRef {
  return { ...object(key), versionId: id, latest: false, deleteMarker: false, ...more };
}

const entryKey = (minutes: number): string => `.pulumi/history/shop/prod/prod-${nanos(minutes)}.history.json`;
const stateKey = (minutes: number): string => `.pulumi/history/shop/prod/prod-${nanos(minutes)}.checkpoint.json`;
const pair = (minutes: number): ObjectRef[] => [object(entryKey(minutes)), object(stateKey(minutes))];
const presentKey = ".pulumi/stacks/shop/prod.json";
const savedKey = ".lifeboat/points/shop/prod/20261120T103000000Z-before-0123456789.json";

const update = (result: string) => ({ kind: "update", message: "", result, startTime: 0, endTime: 0, changes: {} });

test("points are told newest first, the present state before all, each with its source [E1]", () => {
  const live = [...pair(1), ...pair(9), object(savedKey), object(presentKey), object(`${presentKey}.bak`)];
  const points = candidatesOf(place, { live });
  expect(points.map(({ source, time }) => [source, (time - at) / 60_000])).toEqual([
    ["present", 0],
    ["saved", 30],
    ["history", 9],
    ["history", 1],
  ]);
  expect(new Set(points.map(({ id }) => id)).size).toBe(4);
  expect(points[1]?.before).toBe("0123456789");
});

const idOf = (live: ObjectRef[]): string | undefined =>
  candidatesOf(place, { live }).find(({ state }) => state?.key === stateKey(7))?.id;

test("an id stays whatever comes and goes around it [E1]", () => {
  const indices = fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 20 });
  fc.assert(
    fc.property(indices, (others) => {
      expect(idOf([...pair(7), ...others.flatMap(pair)])).toBe(idOf(pair(7)));
    }),
  );
});

test("after the removal of a stack its updates are found among versions, under the ids that they had [E1]", () => {
  const before = candidatesOf(place, { live: [...pair(1), object(presentKey)] });
  const gone = (key: string): VersionRef[] => [
    version(key, "mark", { latest: true, deleteMarker: true, modified: at + 1 }),
    version(key, "v1", { etag: `"${key.includes("checkpoint") ? "state" : key}"` }),
  ];
  const versions = [
    ...gone(entryKey(1)),
    ...gone(stateKey(1)),
    version(presentKey, "mark", { latest: true, deleteMarker: true }),
    version(presentKey, "last", { etag: '"state"', modified: at - 1 }),
    version(presentKey, "middle", { etag: '"middle"', modified: at - 2 }),
  ];
  const points = candidatesOf(place, { live: [], versions });
  expect(points.map(({ source, id, state }) => [source, id === before[1]?.id, state?.versionId])).toEqual([
    ["version", true, "v1"],
    // The last state is that of the update; the one before is of the middle of it.
    ["version", false, "middle"],
  ]);
});

test("where nothing but Pulumi's copies is left, they are told [E1]", () => {
  const copies = [object(`${presentKey}.bak`), object(`.pulumi/backups/shop/prod/prod.${nanos(3)}.json`)];
  expect(hasOrdinaryPoints(place, copies)).toBe(false);
  expect(candidatesOf(place, { live: copies }).map(({ source }) => source)).toEqual(["backup", "backup"]);
  expect(hasOrdinaryPoints(place, [object(presentKey)])).toBe(true);
});

describe("how good a state is", () => {
  const [candidate] = candidatesOf(place, { live: pair(1) });
  const [loose] = candidatesOf(place, { live: [], versions: [version(presentKey, "v")] });

  test.each([
    ["an update that succeeded", candidate, { update: update("succeeded") }, "complete"],
    ["an update that failed", candidate, { update: update("failed") }, "failed"],
    [
      "something under way",
      candidate,
      { update: update("succeeded"), pending: [{ urn: "u", type: "creating" }] },
      "half-written",
    ],
    ["a version that no update ended with", loose, {}, "half-written"],
    ["a state that cannot be read", candidate, { problem: "it is cut off" }, "damaged"],
  ])("%s: %s [E1]", (_, one, details, status) => {
    if (one === undefined) throw new Error("There is no point.");
    expect(pointOf(one, details, undefined).status).toBe(status);
  });

  test("it is the present one by its content", () => {
    if (candidate === undefined) throw new Error("There is no point.");
    expect(pointOf(candidate, { sha256: "a" }, "a").present).toBe(true);
    expect(pointOf(candidate, { sha256: "a" }, "b").present).toBe(false);
    expect(pointOf(candidate, {}, undefined).present).toBe(false);
  });
});

describe("choosing a point", () => {
  const live = [...pair(0), ...pair(10), ...pair(20), object(savedKey), object(presentKey)];
  const points = candidatesOf(place, { live });
  const choose = (wanted: string) => choosePoint(points, wanted, "UTC");
  const stateOf = (wanted: string): unknown => {
    const choice = choose(wanted);
    return choice.kind === "one" ? choice.point.state?.key : choice.kind;
  };

  test("by its id, or the beginning of it [E1]", () => {
    for (const { id, state } of points.filter(({ source }) => source !== "present")) {
      expect(stateOf(id)).toBe(state?.key);
      expect(stateOf(id.slice(0, 6).toUpperCase())).toBe(state?.key);
    }
    expect(stateOf("present")).toBe(presentKey);
    expect(stateOf("0000000000")).toBe("none");
    expect(stateOf("abc")).toBe("none");
  });

  test("by a time: the newest update that had ended, never one that Lifeboat saved [E1]", () => {
    expect(stateOf("2026-11-20 10:15")).toBe(stateKey(10));
    expect(stateOf("2026-11-20 10:10:00")).toBe(stateKey(10));
    expect(stateOf("2026-11-20")).toBe(stateKey(20));
    expect(stateOf("2026-11-19")).toBe("none");
  });

  test("what means several names them [E1]", () => {
    const twins = [
      ...pair(0),
      ...["1", "2"].flatMap((last) => {
        const name = `.pulumi/history/shop/prod/prod-${nanos(0).slice(0, -1)}${last}`;
        return [object(`${name}.history.json`), object(`${name}.checkpoint.json`)];
      }),
    ];
    const choice = choosePoint(candidatesOf(place, { live: twins }), "2026-11-20 10:00:00", "UTC");
    expect(choice.kind === "several" ? choice.points : []).toHaveLength(3);
  });

  test("nothing that is typed makes it fail", () => {
    fc.assert(fc.property(fc.string(), (text) => void choose(text)));
  });
});

test("a history entry tells what the update was [E1]", () => {
  const text = new StateBuilder("shop", "prod", "x").entry("add a disk\nmore", "succeeded", {
    create: 2,
    same: 3,
    update: 1,
  });
  const update = parseHistoryEntry(text);
  expect(update).toMatchObject({ kind: "update", message: "add a disk", result: "succeeded" });
  expect(changesText(update?.changes ?? {})).toBe("2 created, 1 updated");
  expect(changesText({ same: 4 })).toBe("nothing changed");
  expect(changesText({ replace: 1, "create-replacement": 1, "delete-replaced": 1 })).toBe("1 replaced");
  expect(parseHistoryEntry("{")).toBeUndefined();
  expect(parseHistoryEntry("[]")).toBeUndefined();
});
