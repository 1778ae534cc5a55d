import { parseSettings } from "../../../../site/settings/parse-settings";
import { containerOf, exampleContainer, exampleSettings } from "../../../support/example-environment";

const volume = { storage: "local", size: "1GiB" };

function names(disks: Readonly<Record<string, unknown>>): string[] {
  return containerOf({ disks }).disks.map(({ name }) => name);
}

function problems(disks: Readonly<Record<string, unknown>>): string[] {
  const guests = { web: { ...exampleContainer(), disks } };
  const parsed = parseSettings({ ...exampleSettings(), guests }, { environment: "prod" });
  if (parsed.ok) return [];
  return parsed.problems.map(({ path, message }) => `${path.slice(2).join(".")}: ${message}`);
}

test("a disk that names its slot gets it, the others fill what is left by their paths [A11]", () => {
  const [a, b, c] = ["/a", "/b", "/c"].map((mount) => ({ mount, ...volume }));
  expect(names({ a, b, c })).toEqual(["a", "b", "c"]);
  expect(names({ a: { ...a, slot: 2 }, b, c })).toEqual(["b", "c", "a"]);
  expect(names({ a, b: { ...b, slot: 0 }, c: { mount: "/c", bind: "/tank", protectedBy: "zfs", slot: 1 } })).toEqual([
    "b",
    "c",
    "a",
  ]);
});

test("a slot is no part of what the rest of the program sees: its place in the list is [A11]", () => {
  const [disk] = containerOf({ disks: { a: { mount: "/a", ...volume, slot: 0 } } }).disks;
  expect(disk).toEqual({ kind: "volume", name: "a", mount: "/a", storage: "local", size: 2 ** 30 });
});

test.each<[string, Record<string, unknown>, string[]]>([
  ["above the number of disks", { a: { mount: "/a", ...volume, slot: 1 } }, ["disks.a.slot: slots have no gaps"]],
  [
    "taken",
    { a: { mount: "/a", ...volume, slot: 0 }, b: { mount: "/b", ...volume, slot: 0 } },
    ["disks.b.slot: disk a has the same slot"],
  ],
  ["no number", { a: { mount: "/a", ...volume, slot: "one" } }, ["disks.a.slot: not a slot"]],
  [
    "before the disk above",
    { data: { mount: "/srv", ...volume, slot: 1 }, inner: { mount: "/srv/inner", ...volume } },
    ["disks.inner.slot: disk data is mounted above it and comes later, which would hide it"],
  ],
  ["right, and the path is wrong", { a: { mount: "a", ...volume, slot: 0 } }, ["disks.a.mount: not a path"]],
])("a slot that is %s [A6, A11]", (_, disks, expected) => {
  expect(problems(disks)).toEqual(expected);
});
