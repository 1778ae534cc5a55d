import * as fc from "fast-check";
import {
  formatSavePointNotes,
  isSavePoint,
  parseSavePoint,
  parseSavePointNotes,
  type SavePointRecord,
  savePointTemplate,
} from "../../../../site/restore/save-point";

const record: SavePointRecord = {
  version: 1,
  operation: "101-20261121T025003-ab",
  environment: "prod",
  guest: "web",
  vmid: 101,
  node: "pve",
  kind: "lxc",
  source: "backup:backup/vzdump-lxc-101-2026_11_20-01_00_00.tar.zst",
  time: 1_795_230_000,
  wasRunning: true,
  volumes: { rootfs: { storage: "local", size: 8 * 1024 ** 3 }, mp0: { storage: "data", size: 0 } },
  jobs: ["lifeboat-prod"],
};

it("the first line alone makes it known, and goes through vzdump's template unchanged [D6]", () => {
  const template = savePointTemplate(record.operation);
  expect(template).not.toMatch(/[\\{}\n]/);
  expect(parseSavePoint(template)).toEqual({ operation: record.operation });
  expect(isSavePoint(formatSavePointNotes(record).split("\n")[0] ?? "")).toBe(true);
});

it("full notes are read again as they were written, whatever the names in them [D6]", () => {
  const name = fc.oneof(fc.string(), fc.constantFrom("a'; touch pwned; $(x) \"", "x\nlifeboat-undo: {}", "\u001b[2J"));
  fc.assert(
    fc.property(name, name, (guest, pool) => {
      const written = { ...record, guest, pool };
      expect(parseSavePointNotes(formatSavePointNotes(written))).toEqual(written);
    }),
  );
});

it.each([
  "",
  "web",
  "my lifeboat save point x",
  "lifeboat save point",
  "lifeboat save point a b",
  "lifeboat save point {{guestname}}",
  "Lifeboat save point x",
])("notes that people write are none: %p", (notes) => {
  expect(isSavePoint(notes)).toBe(false);
});

it("a record that is not of the first line's operation, not alone, or not well-formed is none [D6]", () => {
  const notes = formatSavePointNotes(record);
  expect(parseSavePointNotes(notes.replace("save point 101", "save point 102"))).toBeUndefined();
  expect(parseSavePointNotes(`${notes}\nlifeboat-undo: {}`)).toBeUndefined();
  expect(parseSavePointNotes(notes.replace('"vmid":101', '"vmid":"101"'))).toBeUndefined();
  expect(parseSavePointNotes(notes.replace('"version":1', '"version":2'))).toBeUndefined();
  expect(parseSavePointNotes(savePointTemplate(record.operation))).toBeUndefined();
});

it("refuses what it could not read again, or what Proxmox would not take [D6]", () => {
  expect(() => savePointTemplate("a b")).toThrow(RangeError);
  expect(() => savePointTemplate("{{vmid}}")).toThrow(RangeError);
  expect(() => formatSavePointNotes({ ...record, guest: "x".repeat(60_000) })).toThrow(/characters/);
});
