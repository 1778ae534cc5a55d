import { copiedDumps } from "../../../../site/offsite/copied-dumps";
import type { ListedVersion } from "../../../../site/offsite/copied-files";

const folder = "dumps/prod/web";
const name = "2026-11-22/postgres/shop-030000Z";
const at = Date.UTC(2026, 10, 22, 4);

function version(key: string, other: Partial<ListedVersion> = {}): ListedVersion {
  return { key: `${folder}/${key}`, versionId: "1", modified: at, size: 10, deleteMarker: false, ...other };
}

function dump(of = name): ListedVersion[] {
  return ["item-1.dump.zst", "manifest.json", "SHA256SUMS"].map((file) => version(`${of}/${file}`));
}

test("a dump is whole when its sums lie there, which are written last [J2, J3]", () => {
  const [found] = copiedDumps(folder, dump());
  expect(found).toMatchObject({ name, kind: "postgres", source: "shop", bytes: 30, doubts: [] });
  const [item, manifest, sums] = dump();
  if (item === undefined || manifest === undefined || sums === undefined) throw new Error("three files");
  expect(copiedDumps(folder, [item, manifest])).toEqual([]);
  expect(copiedDumps(folder, [item, sums])).toEqual([]);
});

test("what somebody has marked as deleted or written over is there, and said [J1, J3]", () => {
  const versions = [
    ...dump(),
    version(`${name}/SHA256SUMS`, { versionId: "2", deleteMarker: true }),
    version(`${name}/item-1.dump.zst`, { versionId: "2", size: 99 }),
  ];
  const [found] = copiedDumps(folder, versions);
  expect(found?.files.get("item-1.dump.zst")).toHaveLength(2);
  expect(found?.doubts).toEqual([
    "item-1.dump.zst was written 2 times: the first counts",
    "SHA256SUMS was marked as deleted, and is there",
  ]);
});

test("sums of which only the mark of their deletion is left make no dump [J3]", () => {
  const [item, manifest, sums] = dump();
  const gone = { ...(sums ?? version("")), deleteMarker: true };
  expect(copiedDumps(folder, [item ?? gone, manifest ?? gone, gone])).toEqual([]);
});

test("dumps come by name, and whatever else lies there is none [J3]", () => {
  const earlier = "2026-11-21/files/config-030000Z";
  const others = ["x", `${name}`, "../lab/y", "2026-13-45/postgres/shop-030000Z/SHA256SUMS", "a/b/c/d/SHA256SUMS"];
  const found = copiedDumps(folder, [...dump(), ...dump(earlier), ...others.map((key) => version(key))]);
  expect(found.map((one) => one.name)).toEqual([earlier, name]);
  expect(copiedDumps("dumps/prod/we", dump())).toEqual([]);
});
