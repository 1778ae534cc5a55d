import { parseReport } from "../../../../site/data/report";
import { watchersIn } from "../../../../site/monitoring/watchers";

const source = { version: 1, source: "shop", result: "success", message: "", running: false, dumps: 0 };
const copies = { version: 1, result: "error", time: 5, message: "" };
const parse = (raw: object) => parseReport(JSON.stringify({ version: 1, sources: [source], ...raw }));

test("a report says how runs ended, and which copies lie elsewhere [C2, J2]", () => {
  expect(parse({ copies: { ...copies, newest: { shop: "2026-11-22/postgres/shop-030000Z" } } })).toMatchObject({
    sources: [{ source: "shop", result: "success" }],
    copies: { succeeded: false, time: 5, newest: new Map([["shop", Date.parse("2026-11-22T03:00:00Z") / 1_000]]) },
  });
  expect(parse({})?.copies).toBeUndefined();
});

test.each([
  ["nothing that is JSON", "report"],
  ["another version", `{"version":2,"sources":[]}`],
  ["a source that is none", `{"version":1,"sources":[{"version":1}]}`],
  ["copies without an end", `{"version":1,"sources":[],"copies":{"result":"success","newest":{}}}`],
])("%s is no report: nothing is known then [C2]", (_, text) => {
  expect(parseReport(text)).toBeUndefined();
});

test("a dump of another source, or one that is none, is no copy of this one [C2]", () => {
  const newest = { shop: "2026-11-22/postgres/crm-030000Z", crm: "elsewhere" };
  expect(parse({ copies: { ...copies, newest } })?.copies?.newest).toEqual(new Map());
});

test("who watches is known by the settings of all environments, whatever else is wrong in them [C2]", () => {
  const guests = { metrics: { network: { address: "192.0.2.131/24" } } };
  expect(
    watchersIn([
      { "lifeboat:monitoring": { guest: "metrics" }, "lifeboat:guests": guests },
      { "lifeboat:monitoring": { guest: "other" }, "lifeboat:guests": guests },
      { "lifeboat:monitoring": { guest: "x" }, "lifeboat:guests": { x: { network: { address: "dhcp" } } } },
      { "lifeboat:guests": 7 },
      undefined,
    ]),
  ).toEqual(["192.0.2.131"]);
});
