import { chooseDump } from "../../../../site/data/choose-dump";
import type { DumpItem, DumpManifest } from "../../../../site/data/manifest";

const day = 86_400;
const now = 100 * day;

function item(name: string): DumpItem {
  const file = "item-1.dump.zst";
  return { file, type: "database", name, bytes: 1, sha256: "", plainBytes: 1, plainSha256: "", counts: {} };
}

/** Made so many days ago, with these databases. */
function dump(age: number, ...names: string[]): DumpManifest {
  const time = now - age * day;
  return {
    name: `dump-${age}`,
    kind: "postgres",
    source: "shop",
    time,
    items: names.map(item),
    recipients: [],
    server: "",
  };
}

const at = (age: number) => chooseDump(all, isShop, { kind: "at", time: now - age * day }, now);
const named = (name: string) => chooseDump(all, isShop, { kind: "named", dump: name }, now);

const isShop = ({ name }: DumpItem): boolean => name === "shop";
const all = [dump(3, "shop"), dump(1, "shop", "crm"), dump(2, "shop"), dump(0, "crm")];

test("the newest dump that has it is chosen, in whatever order they come [I6]", () => {
  expect(chooseDump(all, isShop, { kind: "newest" }, now)).toMatchObject({
    kind: "chosen",
    found: { manifest: { name: "dump-1" }, item: { name: "shop" } },
    others: [{ manifest: { name: "dump-2" } }, { manifest: { name: "dump-3" } }],
  });
});

test("one that is not later than a moment, or of a name, is chosen; none for one that is not there [I6]", () => {
  expect(at(1.5)).toMatchObject({ found: { manifest: { name: "dump-2" } } });
  expect(at(2)).toMatchObject({ found: { manifest: { name: "dump-2" } } });
  expect(at(4)).toMatchObject({ kind: "none", oldest: { manifest: { name: "dump-3" } } });
  expect(named("dump-3")).toMatchObject({ found: { manifest: { name: "dump-3" } } });
  expect(named("dump-0")).toMatchObject({ kind: "none" });
});

test("a dump that a wrong clock has dated is chosen by its name alone [D17, I6]", () => {
  const future = [...all, dump(-2, "shop")];
  expect(chooseDump(future, isShop, { kind: "newest" }, now)).toMatchObject({
    found: { manifest: { name: "dump-1" } },
  });
  const late = { kind: "at", time: now + 9 * day } as const;
  expect(chooseDump(future, isShop, late, now)).toMatchObject({ found: { manifest: { name: "dump-1" } } });
  const wish = { kind: "named", dump: "dump--2" } as const;
  expect(chooseDump(future, isShop, wish, now)).toMatchObject({ kind: "chosen" });
});

test("no dump at all is something else than dumps without it [D3, I6]", () => {
  expect(chooseDump([], isShop, { kind: "newest" }, now)).toEqual({ kind: "none", oldest: undefined });
  const others = chooseDump([dump(1, "crm"), dump(2, "crm", "wiki")], isShop, { kind: "newest" }, now);
  expect(others).toEqual({ kind: "unknown-item", names: ["crm", "wiki"] });
});
