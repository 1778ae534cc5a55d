import * as fc from "fast-check";
import {
  checkpointKeys,
  compressionOf,
  millisecondsOf,
  parseBackupKey,
  parseHistoryKey,
  parseSavedKey,
  presentForm,
  savedKey,
  suffixOf,
} from "../../../../site/state/state-keys";

const place = { project: "shop", stack: "prod" };
const history = ".pulumi/history/shop/prod/";

test.each([
  [`${history}prod-1795258447350412873.history.json`, { nanos: "1795258447350412873", half: "history" }],
  [`${history}prod-1795258447350412873.checkpoint.json.gz`, { nanos: "1795258447350412873", half: "checkpoint" }],
  [`${history}prod-1795258447350412873.checkpoint.json.zst`, { nanos: "1795258447350412873", half: "checkpoint" }],
  [`${history}prod-2-1795258447350412873.history.json`, undefined],
  [`${history}prod-1795258447350412873.history.json.attrs`, undefined],
  [`${history}below/prod-1.history.json`, undefined],
  [".pulumi/history/shop/lab/prod-1.history.json", undefined],
])("%s is %j [E1]", (key, expected) => {
  expect(parseHistoryKey(place, key)).toEqual(expected);
});

test("a copy's time is in its name", () => {
  expect(parseBackupKey(place, ".pulumi/backups/shop/prod/prod.1795258501779265835.json.gz")).toBe(
    "1795258501779265835",
  );
  expect(parseBackupKey(place, ".pulumi/backups/shop/prod/other.1.json")).toBeUndefined();
  expect(millisecondsOf("1795258501779265835")).toBeCloseTo(1795258501779.265, 2);
});

test("what is saved under a name is found by it [E3]", () => {
  const times = fc.integer({ min: 0, max: 4_000_000_000_000 });
  const ids = fc.stringMatching(/^[0-9a-f]{10}$/u);
  fc.assert(
    fc.property(times, ids, fc.constantFrom("none", "gzip", "zstd"), (time, before, compression) => {
      expect(parseSavedKey(place, savedKey(place, { time, before }, compression))).toEqual({ time, before });
    }),
  );
});

const at = (key: string, modified: number) => ({ key, modified });

test("of several forms the most recently written is the present state, as Pulumi chooses it [E3]", () => {
  const [plain = "", gzip = "", zstd = ""] = checkpointKeys(place);
  expect(presentForm(place, [])).toBeUndefined();
  expect(presentForm(place, [at(plain, 2), at(gzip, 1)])?.key).toBe(plain);
  expect(presentForm(place, [at(plain, 1), at(gzip, 2), at(zstd, 1)])?.key).toBe(gzip);
  expect(presentForm(place, [at(zstd, 2), at(plain, 2), at(gzip, 2)])?.key).toBe(zstd);
  expect(presentForm(place, [at(`${plain}.bak`, 3), at(plain, 1)])?.key).toBe(plain);
});

test("the content says how it is packed", () => {
  expect(compressionOf(Buffer.from("{}"))).toBe("none");
  expect(compressionOf(Buffer.from([0x1f, 0x8b, 8]))).toBe("gzip");
  expect(compressionOf(Buffer.from([0x28, 0xb5, 0x2f, 0xfd]))).toBe("zstd");
  expect(compressionOf(Buffer.alloc(0))).toBe("none");
  expect(suffixOf("zstd")).toBe(".json.zst");
});
