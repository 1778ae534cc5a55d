import { type RestoredItem, whyUnproven } from "../../../../site/drill/dump-verdict";

const roles: RestoredItem = {
  item: { type: "roles", name: "all", counts: { roles: 3 } },
  counts: { roles: 3 },
  answer: [],
};

function database(name: string, counts: Record<string, number>, answer: readonly string[] = []): RestoredItem {
  return { item: { type: "database", name, counts: { tables: 2, rows: 300 } }, counts, answer };
}

const whole = { tables: 2, rows: 300 };
const drill = { database: "shop", query: "SELECT 1", expect: "t", maxAge: 3_600 };

test("what comes back as it was counted, and answers as it should, is proven [G2, I4]", () => {
  expect(whyUnproven([roles, database("shop", whole, ["t"]), database("crm", whole)], drill)).toEqual([]);
  expect(whyUnproven([roles, database("shop", whole)], undefined)).toEqual([]);
});

test.each<[string, readonly RestoredItem[], readonly string[]]>([
  [
    "a row is missing",
    [roles, database("shop", { tables: 2, rows: 299 }, ["t"])],
    ["shop restores with 299 of 300 rows"],
  ],
  [
    "nothing came back",
    [roles, database("shop", {}, [])],
    ["shop restores with 0 of 2 tables", "shop restores with 0 of 300 rows"],
  ],
  [
    "it was empty already when it was dumped",
    [roles, { item: { type: "database", name: "shop", counts: { rows: 0 } }, counts: { rows: 0 }, answer: ["t"] }],
    ["it restores empty"],
  ],
  [
    "the one that is asked is empty, and others are not",
    [
      { item: { type: "database", name: "shop", counts: { rows: 0 } }, counts: { rows: 0 }, answer: ["t"] },
      database("crm", whole),
    ],
    ["shop restores empty"],
  ],
  ["it has roles alone", [roles], ["it restores empty"]],
  ["another one is in it", [database("crm", whole)], ["it has no database shop, which is to be asked"]],
  ["another answer", [database("shop", whole, ["f"])], ["shop answers 'f' to its query, and not 't'"]],
  ["no answer", [database("shop", whole)], ["shop answers nothing to its query, and not 't'"]],
  [
    "the answer, and one more",
    [database("shop", whole, ["t", "t"])],
    ["shop answers 't' and more rows to its query, and not 't'"],
  ],
])("%s: it is not proven [G2]", (_, restored, reasons) => {
  expect(whyUnproven(restored, drill)).toEqual(reasons);
});

test("an empty folder proves nothing either [G2]", () => {
  const counts = { files: 0, entries: 0 };
  expect(whyUnproven([{ item: { type: "path", name: "/etc/app", counts }, counts, answer: [] }], undefined)).toEqual([
    "it restores empty",
  ]);
});
