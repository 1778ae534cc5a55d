import { parseDumpName, type DumpName } from "../../../../site/data/dump-name";
import { decideRetention } from "../../../../site/data/retention";

const keep = { daily: 7, weekly: 4, monthly: 12 };

function dumpAt(time: number): DumpName {
  const [day = "", clock = ""] = new Date(time * 1000).toISOString().split("T");
  const name = parseDumpName(`${day}/postgres/shop-${clock.slice(0, 8).replaceAll(":", "")}Z`);
  if (name === undefined) throw new Error("no dump's name");
  return name;
}

/** What is left after a dump each day at three. */
function afterDays(days: number, first = Date.UTC(2026, 0, 1, 3) / 1000): DumpName[] {
  let dumps: DumpName[] = [];
  for (let index = 0; index < days; index += 1) {
    const made = dumpAt(first + index * 86_400);
    dumps = [...dumps, made];
    const decision = decideRetention(made, dumps, keep);
    if (decision.kind === "held") throw new Error(`held: ${decision.why}`);
    dumps = dumps.filter(({ name }) => !decision.dumps.includes(name));
  }
  return dumps;
}

test("after two years of daily dumps 7 days, 4 weeks and 12 months have one [I3, 000 CA11.3]", () => {
  const left = afterDays(730).map(({ name }) => name.slice(0, 10));
  expect(left.join(" ")).toBe(
    "2027-01-31 2027-02-28 2027-03-31 2027-04-30 2027-05-31 2027-06-30 2027-07-31 2027-08-31 2027-09-30 2027-10-31 " +
      "2027-11-30 2027-12-12 2027-12-19 2027-12-25 2027-12-26 2027-12-27 2027-12-28 2027-12-29 2027-12-30 2027-12-31",
  );
});

test("the dump that has just been made stays, whatever is kept [I3]", () => {
  const made = dumpAt(Date.UTC(2026, 5, 2, 3) / 1000);
  const old = dumpAt(Date.UTC(2026, 5, 1, 3) / 1000);
  const decision = decideRetention(made, [old, made], { daily: 0, weekly: 0, monthly: 0 });
  expect(decision).toEqual({ kind: "remove", dumps: [old.name] });
});

test("a clock that was set back removes nothing [I3]", () => {
  const made = dumpAt(Date.UTC(2020, 0, 1, 3) / 1000);
  const dumps = [...afterDays(60), made];
  expect(decideRetention(made, dumps, { daily: 1, weekly: 0, monthly: 0 })).toEqual({
    kind: "held",
    why: "clock-behind",
    dump: "2026-03-01/postgres/shop-030000Z",
  });
});

test("a clock that jumped far ahead removes nothing [I3]", () => {
  const made = dumpAt(Date.UTC(2036, 0, 1, 3) / 1000);
  const dumps = [...afterDays(60), made];
  expect(decideRetention(made, dumps, { daily: 1, weekly: 0, monthly: 0 })).toEqual({
    kind: "held",
    why: "clock-ahead",
    dump: "2026-03-01/postgres/shop-030000Z",
  });
});
